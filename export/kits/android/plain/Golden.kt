// The golden vectors through every stage on this device: phone.json, which
// `skinlite verify BUNDLE --outputs phone.json` judges.
package skinlite

/**
 * Write what every stage gives here as JSON.
 * @param device what it runs on, in words
 * @param decode a PNG or JPEG file to its pixels, upright
 */
fun runGolden(classifier: Classifier, device: String, to: Appendable, decode: (ByteArray) -> Picture) {
    val bundle = classifier.bundle
    val vectors = bundle.json("golden/vectors.json")["vectors"].list.asSequence().map { vector ->
        val told = vector["patient"]
        val patient = if (told.isNull) Patient() else Patient(
            told["age"].let { if (it.isNull) null else it.number },
            told["sex"].text,
            told["localization"].text,
            if (told["metadata"].isNull) emptyMap() else told["metadata"].entries.mapValues { it.value.simple },
        )
        val picture = decode(bundle.file("golden/${vector["picture"].text}"))
        val pixels = classifier.pixels(picture)
        val inputs = classifier.inputs(pixels, patient)
        val stored = inputs.mapValues { (name, tensor) -> unpack(tensor, bundle.inputs.getValue(name).raw) }
        val answer = classifier.run(inputs, pixels)
        val decision = answer.decision?.run {
            mapOf("distance" to distance, "familiar" to familiar, "classes" to classes.asSequence(), "points" to points)
        }
        mapOf(
            "picture" to vector["picture"].text,
            "image" to stored["image"],
            "patient" to stored - "image",
            "probabilities" to answer.probabilities,
        ) + if (decision == null) emptyMap() else mapOf("decision" to decision)
    }
    Json.write(mapOf("schema_version" to 1, "device" to device, "model" to MODEL, "vectors" to vectors), to)
}
