// A picture and a patient to the model's tensors, and its answer back to real numbers.
package skinlite

import java.nio.ByteBuffer
import java.nio.ByteOrder

/** model.tflite on some runtime: input tensors by name to output tensors by name, as stored. */
fun interface Model {
    fun run(inputs: Map<String, ByteBuffer>): Map<String, ByteBuffer>
}

/**
 * @property probabilities in the order of labels.txt
 * @property attention rows of the map, where the model gives one; divide by the largest to overlay
 * @property decision where the bundle says how to decide; look whether it is familiar first
 */
class Answer(val probabilities: FloatArray, val attention: List<FloatArray>?, val decision: Decided?)

class Classifier(val bundle: Bundle, private val model: Model) {
    fun classify(picture: Picture, patient: Patient = Patient()): Answer =
        pixels(picture).let { run(inputs(it, patient), it) }

    /** What the model's image tensor is made of. */
    fun pixels(picture: Picture): Pixels {
        val (_, height, width) = bundle.inputs.getValue("image").shape
        return fit(picture, height, width, bundle.frame, bundle.whole)
    }

    /**
     * The model's input tensors by name: `image`, and `patient` encoded or `age`, `sex`, `site`, where
     * the model takes a patient.
     */
    fun inputs(pixels: Pixels, patient: Patient): Map<String, ByteBuffer> {
        val levels = pixels.levels
        val image = mapOf("image" to FloatArray(levels.size) { level(levels, it).toFloat() })
        val table = bundle.encoding
        val real = image + when {
            table == null -> emptyMap()
            "patient" in bundle.inputs -> mapOf("patient" to encode(patient, table))
            else -> codes(patient, table).mapValues { floatArrayOf(it.value) }
        }
        return real.mapValues { (name, values) -> pack(values, bundle.inputs.getValue(name)) }
    }

    /** Run the model, and decide. */
    fun run(inputs: Map<String, ByteBuffer>, pixels: Pixels): Answer {
        inputs.values.forEach { it.rewind() }
        val outputs = model.run(inputs)
        val read = { name: String -> bundle.outputs[name]?.let { unpack(outputs.getValue(name), it) } }
        val map = read("attention")?.asList()?.chunked(bundle.outputs.getValue("attention").shape[2])
        val probabilities = checkNotNull(read("probabilities"))
        val decided = bundle.decision?.decide(probabilities, pixels)
        return Answer(probabilities, map?.map { it.toFloatArray() }, decided)
    }
}

/** An empty tensor. */
fun allocate(tensor: Tensor): ByteBuffer =
    ByteBuffer.allocateDirect(tensor.size * tensor.dtype.bytes).order(ByteOrder.nativeOrder())

/** Real numbers as a tensor stores them. */
fun pack(values: FloatArray, tensor: Tensor): ByteBuffer {
    require(values.size == tensor.size) { "${tensor.name} takes ${tensor.size} numbers, not ${values.size}" }
    val stored = allocate(tensor)
    for (value in values) {
        if (tensor.dtype == Dtype.FLOAT32) stored.putFloat(value)
        else {
            val steps = tensor.quantization?.let { Math.rint((value / it.scale).toDouble()) + it.zeroPoint }
            val (low, high) = tensor.dtype.limits.run { first.toDouble() to last.toDouble() }
            val number = (steps ?: value.toDouble()).coerceIn(low, high).toInt()
            if (tensor.dtype == Dtype.INT32) stored.putInt(number) else stored.put(number.toByte())
        }
    }
    return stored.apply { rewind() }
}

/** The real numbers of what a tensor stores. */
fun unpack(stored: ByteBuffer, tensor: Tensor): FloatArray {
    stored.rewind()
    return FloatArray(tensor.size) {
        val number = when (tensor.dtype) {
            Dtype.FLOAT32 -> stored.getFloat()
            Dtype.INT32 -> stored.getInt().toFloat()
            Dtype.UINT8 -> (stored.get().toInt() and 0xff).toFloat()
            Dtype.INT8 -> stored.get().toFloat()
        }
        tensor.quantization?.let { (number - it.zeroPoint) * it.scale } ?: number
    }
}
