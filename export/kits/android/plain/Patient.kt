// A patient's answers as the model takes them, by the table in patient_encoding.json.
package skinlite

/**
 * @property age years; null where it isn't told
 * @property sex one of the table's sexes
 * @property localization one of the table's localizations
 */
class Patient(
    val age: Double? = null,
    val sex: String = "unknown",
    val localization: String = "unknown",
)

/**
 * The encoded answers, one number for each of the table's columns.
 * @throws IllegalArgumentException an answer that the table doesn't have
 */
fun encode(patient: Patient, table: Encoding): FloatArray {
    check(patient, table)
    val set = setOfNotNull(
        "sex=${patient.sex}",
        "localization=${patient.localization}",
        if (patient.age == null) "age=missing" else null,
    )
    return FloatArray(table.columns.size) { index ->
        when (val column = table.columns[index]) {
            "age" -> patient.age?.let { ((it - table.ageMean) / table.ageStd).toFloat() } ?: 0f
            else -> if (column in set) 1f else 0f
        }
    }
}

/** The answers for a model that encodes inside, by the name of the input; age -1: not told. */
fun codes(patient: Patient, table: Encoding): Map<String, Float> {
    check(patient, table)
    return mapOf(
        "age" to (patient.age?.toFloat() ?: -1f),
        "sex" to table.sexes.indexOf(patient.sex).toFloat(),
        "site" to table.localizations.indexOf(patient.localization).toFloat(),
    )
}

private fun check(patient: Patient, table: Encoding) {
    require(patient.sex in table.sexes) { "sex: ${patient.sex} isn't one of ${table.sexes}" }
    require(patient.localization in table.localizations) {
        "localization: ${patient.localization} isn't one of ${table.localizations}"
    }
}
