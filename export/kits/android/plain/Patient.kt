// A patient's answers as the model takes them, by the table in patient_encoding.json.
package skinlite

private const val UNKNOWN = "unknown"
private val AGES = 0.0..120.0

/**
 * @property age 0-120 years; null where it isn't told
 * @property sex one of the table's sexes; any other is taken as unknown
 * @property localization one of the table's localizations; any other is taken as unknown
 * @property metadata by the name of a column of the table's metadata: a number, or one of its
 *   values (true and false are words, too); what is left out isn't told
 * @throws IllegalArgumentException an age that no patient has
 */
class Patient(
    val age: Double? = null,
    val sex: String = UNKNOWN,
    val localization: String = UNKNOWN,
    val metadata: Map<String, Any> = emptyMap(),
) {
    init {
        require(age == null || age in AGES) { "Age $age is outside of 0-120 years; null where it isn't told." }
    }

    /** The same with a sex and a localization that [table] doesn't have as unknown. */
    internal fun known(table: Encoding): Patient {
        val strange = metadata.keys - table.metadata.map(Column::name).toSet()
        require(strange.isEmpty()) { "${strange.joinToString()}: the model wasn't trained on it; leave it out." }
        return Patient(
            age,
            if (sex in table.sexes) sex else UNKNOWN,
            if (localization in table.localizations) localization else UNKNOWN,
            metadata,
        )
    }
}

/**
 * The encoded answers, one number for each of the table's columns.
 * @throws IllegalArgumentException a column that the table lacks, no number where one is needed, or
 *   a word that isn't one of a column's values
 */
fun encode(patient: Patient, table: Encoding): FloatArray {
    val known = patient.known(table)
    val scaled = mutableMapOf("age" to (known.age?.let { (it - table.ageMean) / table.ageStd } ?: 0.0))
    val set = mutableSetOf("sex=${known.sex}", "localization=${known.localization}")
    if (known.age == null) set += "age=missing"
    for (column in table.metadata) {
        val name = column.name
        val told = known.metadata[name]
        if (column.values.isNotEmpty()) {
            val word = wordOf(told)
            require(word in column.values) { "$name $told isn't one of ${column.values.joinToString()}." }
            set += "$name=$word"
        } else if (told == null) set += "$name=missing"
        else {
            require(told is Number && told.toDouble().isFinite()) {
                "$name $told isn't a number; leave it out where it isn't told."
            }
            scaled[name] = (told.toDouble() - column.mean) / column.std
        }
    }
    return FloatArray(table.columns.size) { index ->
        val column = table.columns[index]
        scaled[column]?.toFloat() ?: if (column in set) 1f else 0f
    }
}

/** A category's value as it is compared; of a whole number as a table writes it. */
private fun wordOf(told: Any?): String {
    val whole = (told as? Number)?.toDouble()?.takeIf { it == Math.rint(it) }?.toLong()
    return (whole ?: told ?: UNKNOWN).toString().trim().lowercase()
}

/** The answers for a model that encodes inside, by the name of the input; age -1: not told. */
fun codes(patient: Patient, table: Encoding): Map<String, Float> {
    val known = patient.known(table)
    return mapOf(
        "age" to (known.age?.toFloat() ?: -1f),
        "sex" to table.sexes.indexOf(known.sex).toFloat(),
        "site" to table.localizations.indexOf(known.localization).toFloat(),
    )
}
