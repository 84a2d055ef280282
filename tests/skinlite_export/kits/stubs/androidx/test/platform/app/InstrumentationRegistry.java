package androidx.test.platform.app;

/** A STUB of AndroidX Test's, for the compiler. */
public final class InstrumentationRegistry {
    public static android.app.Instrumentation getInstrumentation() { return null; }

    public static android.os.Bundle getArguments() { return null; }
}
