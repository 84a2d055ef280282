// A patient's answers as the model takes them, by the table in patient_encoding.json.

/**
 * @typedef {object} Patient
 * @property {number|null} age years; null where it isn't told
 * @property {string} sex one of the table's sexes; any other is taken as unknown
 * @property {string} localization one of the table's localizations; any other is taken as unknown
 */

const UNKNOWN = "unknown";

/**
 * The encoded answers, one number for each of the table's columns.
 * @param {Patient} patient
 * @param {object} table patient_encoding.json
 * @returns {Float32Array}
 */
export function encode(patient, table) {
  const { sex, localization } = known(patient, table);
  const age = patient.age === null ? 0 : (patient.age - table.age_mean) / table.age_std;
  const set = new Set([`sex=${sex}`, `localization=${localization}`]);
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
  const { sex, localization } = known(patient, table);
  return {
    age: patient.age ?? -1,
    sex: table.sexes.indexOf(sex),
    site: table.localizations.indexOf(localization),
  };
}

function known({ sex, localization }, { sexes, localizations }) {
  return {
    sex: sexes.includes(sex) ? sex : UNKNOWN,
    localization: localizations.includes(localization) ? localization : UNKNOWN,
  };
}
