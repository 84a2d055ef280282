// The Android kit on a JVM: arguments are the bundle, the file to write, and a command that runs
// the model, which gets the input tensors and gives the output tensors, each as it is stored.
package skinlite

import java.awt.image.BufferedImage
import java.io.ByteArrayInputStream
import java.io.File
import java.nio.ByteBuffer
import javax.imageio.ImageIO

class Decoded(private val image: BufferedImage) : Picture {
    override val height get() = image.height
    override val width get() = image.width

    override fun read(left: Int, top: Int, width: Int, height: Int): IntArray =
        image.getRGB(left, top, width, height, null, 0, width)
}

fun turned(image: BufferedImage): BufferedImage {
    val result = BufferedImage(image.height, image.width, BufferedImage.TYPE_INT_RGB)
    for (y in 0 until image.height) {
        for (x in 0 until image.width) result.setRGB(image.height - 1 - y, x, image.getRGB(x, y))
    }
    return result
}

fun main(arguments: Array<String>) {
    val bundle = Bundle { File(arguments[0], it).readBytes() }
    val process = ProcessBuilder(arguments.drop(2)).redirectError(ProcessBuilder.Redirect.INHERIT).start()
    val model = Model { inputs ->
        for (tensor in bundle.inputs.values) {
            val stored = inputs.getValue(tensor.name)
            process.outputStream.write(ByteArray(stored.remaining()).also { stored.get(it) })
        }
        process.outputStream.flush()
        bundle.outputs.values.associate { tensor ->
            val stored: ByteBuffer = allocate(tensor)
            tensor.name to stored.put(process.inputStream.readNBytes(stored.capacity()))
        }
    }
    val decode = { file: ByteArray ->
        val image = ImageIO.read(ByteArrayInputStream(file))
        // ImageIO minds no EXIF orientation; the golden JPEG has one, a quarter to the right.
        Decoded(if (file[0] == 0xFF.toByte()) turned(image) else image)
    }
    File(arguments[1]).bufferedWriter().use { runGolden(Classifier(bundle, model), "a \"JVM\"", it, decode) }
    process.outputStream.close()
}
