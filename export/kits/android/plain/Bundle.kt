// What a bundle says of itself. Every size, name and order the other files use comes from here.
package skinlite

const val MODEL = "model.tflite"

/** real = (stored - zeroPoint) * scale. */
class Quantization(val scale: Float, val zeroPoint: Int)

/**
 * An input or output of the model.
 * @property shape batch first, always 1
 * @property dtype how it stores numbers
 * @property quantization of integers that stand for real numbers
 */
class Tensor(
    val name: String,
    val shape: List<Int>,
    val dtype: Dtype,
    val quantization: Quantization?,
) {
    val size get() = shape.reduce(Int::times)

    /** The same with the numbers as they are stored. */
    val raw get() = Tensor(name, shape, dtype, null)
}

/** How a tensor stores numbers, by the name in the manifest. */
enum class Dtype(val bytes: Int, val limits: IntRange) {
    FLOAT32(4, IntRange.EMPTY),
    INT32(4, Int.MIN_VALUE..Int.MAX_VALUE),
    UINT8(1, 0..255),
    INT8(1, -128..127),
}

/**
 * A column that the model takes besides.
 * @property values of a category, `unknown` the last; empty of numbers
 */
class Column(val name: String, val values: List<String>, val mean: Double, val std: Double)

/** patient_encoding.json, where the model takes a patient: how age, sex and site become numbers. */
class Encoding(
    val columns: List<String>,
    val ageMean: Double,
    val ageStd: Double,
    val sexes: List<String>,
    val localizations: List<String>,
    val metadata: List<Column>,
)

/**
 * A bundle's contract.
 * @param read the bytes of a file of the bundle, such as `golden/mel.png`
 * @throws IllegalArgumentException the bundle needs what this kit doesn't do
 */
class Bundle(private val read: (String) -> ByteArray) {
    private val manifest = json("manifest.json")
    private val signature = manifest["signatures"][MODEL]

    /** Rows and columns that larger crops are reduced into. */
    val frame = manifest["geometry"]["frame"].list.map(Json::int)

    /** Whether pictures are resized as a whole, not cropped. */
    val whole = manifest["geometry"]["crop"].text == "none"
    val inputs = tensors("inputs")
    val outputs = tensors("outputs")

    /** Null where the model takes the picture alone. */
    val encoding = if (inputs.size == 1) null else json("patient_encoding.json").let { table ->
        require(table["kind"].text in ENCODINGS) {
            "patient_encoding.json has the kind ${table["kind"]}; this kit knows $ENCODINGS"
        }
        Encoding(
            table["columns"].list.map(Json::text),
            table["age_mean"].number,
            table["age_std"].number,
            table["sexes"].list.map(Json::text),
            table["localizations"].list.map(Json::text),
            if (table["metadata"].isNull) emptyList() else table["metadata"].list.map(::column),
        )
    }

    /** Of the classes, in the order of the probabilities. */
    val labels = read("labels.txt").decodeToString().lines().filter(String::isNotEmpty)

    /** Long names by label. */
    val names = manifest["classes"].entries.mapValues { it.value.text }

    /** How to decide from probabilities; null where the bundle doesn't say. */
    val decision = manifest["decision"].let { if (it.isNull) null else Decision(it, labels) }

    /** What the model isn't meant for; show it. */
    val notice = manifest["notice"].text

    init {
        for ((name, known) in GEOMETRY) {
            val found = manifest["geometry"][name].toString()
            require(found in known) { "geometry: $name is $found; this kit knows $known" }
        }
    }

    /** A file's bytes. */
    fun file(name: String): ByteArray = read(name)

    /** A JSON file. */
    fun json(name: String): Json = Json.parse(read(name).decodeToString())

    private fun column(one: Json) =
        if (one["kind"].text == "category") Column(one["name"].text, one["values"].list.map(Json::text), 0.0, 1.0)
        else Column(one["name"].text, emptyList(), one["mean"].number, one["std"].number)

    private fun tensors(side: String): Map<String, Tensor> = signature[side].list.associate { one ->
        val name = one["name"].text
        val dtype = Dtype.entries.find { it.name.lowercase() == one["dtype"].text }
        val steps = one["quantization"]
        name to Tensor(
            name,
            one["shape"].list.map(Json::int),
            requireNotNull(dtype) { "$name is ${one["dtype"]}; this kit knows ${Dtype.entries}" },
            if (steps.isNull) null
            else Quantization(steps["scale"].number.toFloat(), steps["zero_point"].int),
        )
    }

    private companion object {
        /** What Patient.kt does. */
        val ENCODINGS = setOf("age-sex-localization", "age-sex-localization-metadata")

        /** What Geometry.kt does. */
        val GEOMETRY = mapOf(
            "channels" to setOf("RGB"),
            "orientation" to setOf("exif"),
            "crop" to setOf("centre", "none"),
            "reduce" to setOf("area"),
            "resize" to setOf("bilinear"),
            "half_pixel_centers" to setOf("true"),
            "antialias" to setOf("false"),
            "rounding" to setOf("nearest"),
        )
    }
}
