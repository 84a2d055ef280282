// NEVER RUN by skinlite's tests: compiled against Android's signatures and stubs of the libraries.
package skinlite

import android.content.res.AssetManager
import android.graphics.Bitmap
import android.graphics.ImageDecoder
import java.nio.ByteBuffer
import java.nio.ByteOrder
import org.tensorflow.lite.Interpreter

/** The bundle in the app's assets. */
fun bundleOf(assets: AssetManager, folder: String = "skinlite") =
    Bundle { name -> assets.open("$folder/$name").use { it.readBytes() } }

/**
 * model.tflite on LiteRT's Interpreter (XNNPACK). It takes every number format by the tensor's name.
 * Not thread-safe; close it when done.
 */
class LiteRtModel(private val bundle: Bundle, threads: Int = 1) : Model, AutoCloseable {
    private val interpreter = Interpreter(
        bundle.file(MODEL).let {
            ByteBuffer.allocateDirect(it.size).order(ByteOrder.nativeOrder()).put(it)
        },
        Interpreter.Options().setNumThreads(threads),
    )

    override fun run(inputs: Map<String, ByteBuffer>): Map<String, ByteBuffer> {
        val outputs = bundle.outputs.mapValues { allocate(it.value) }
        interpreter.runSignature(inputs, outputs, "serving_default")
        return outputs
    }

    override fun close() = interpreter.close()
}

/** A picture that Android decoded. */
class BitmapPicture(private val bitmap: Bitmap) : Picture {
    override val height get() = bitmap.height
    override val width get() = bitmap.width

    override fun read(left: Int, top: Int, width: Int, height: Int): IntArray =
        IntArray(width * height).also { bitmap.getPixels(it, 0, width, left, top, width, height) }
}

/** Decode a picture, upright: ImageDecoder minds the EXIF orientation, BitmapFactory doesn't. */
fun decode(source: ImageDecoder.Source): Picture = BitmapPicture(
    ImageDecoder.decodeBitmap(source) { decoder, _, _ ->
        decoder.allocator = ImageDecoder.ALLOCATOR_SOFTWARE // getPixels can't read the GPU's
    },
)
