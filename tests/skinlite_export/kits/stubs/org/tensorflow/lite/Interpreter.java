package org.tensorflow.lite;

import java.nio.ByteBuffer;
import java.util.Map;

/** A STUB of LiteRT's, for the compiler. */
public final class Interpreter implements AutoCloseable {
    public static class Options {
        public Options() {}

        public Options setNumThreads(int threads) { return null; }
    }

    public Interpreter(ByteBuffer model, Options options) {}

    public void runSignature(Map<String, Object> inputs, Map<String, Object> outputs, String key) {}

    @Override
    public void close() {}
}
