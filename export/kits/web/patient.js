// A patient's answers as the model takes them, by the table in patient_encoding.json.

/**
 * @typedef {object} Patient
 * @property {number|null} age years; null where it isn't told
 * @property {string} sex one of the table's sexes
 * @property {string} localization one of the table's localizations
 */

/**
 * The encoded answers, one number for each of the table's columns.
 * @param {Patient} patient
 * @param {object} table patient_encoding.json
 * @returns {Float32Array}
 * @throws {RangeError} an answer that the table doesn't have
 */
export function encode(patient, table) {
  check(patient, table);
  const age = patient.age === null ? 0 : (patient.age - table.age_mean) / table.age_std;
  const set = new Set([`sex=${patient.sex}`, `localization=${patient.localization}`]);
  if (patient.age === null) set.add("age=missing");
  return Float32Array.from(table.columns, (column) =>
    column === "age" ? age : Number(set.has(column)),
  );
}

/**
 * The answers for a model that encodes inside, by the name of the input.
 * @returns {Record<string, number>} age in years (-1: not told), positions of sex and site
 */
export function codes(patient, table) {
  check(patient, table);
  return {
    age: patient.age ?? -1,
    sex: table.sexes.indexOf(patient.sex),
    site: table.localizations.indexOf(patient.localization),
  };
}

function check(patient, table) {
  if (!table.sexes.includes(patient.sex)) throw new RangeError(`sex: ${patient.sex}`);
  if (!table.localizations.includes(patient.localization)) {
    throw new RangeError(`localization: ${patient.localization}`);
  }
}
