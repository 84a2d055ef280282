// A patient's answers as the model takes them, by the table in patient_encoding.json.

/**
 * @typedef {object} Patient
 * @property {number|null} age 0-120 years; null where it isn't told
 * @property {string} sex one of the table's sexes; any other is taken as unknown
 * @property {string} localization one of the table's localizations; any other is taken as unknown
 * @property {Record<string, number|string|boolean>} [metadata] by the name of a column of the table's
 *   `metadata`: a number, or one of its values (true and false are words, too); what is left out
 *   isn't told
 */

const UNKNOWN = "unknown";
const OLDEST = 120;

/**
 * The encoded answers, one number for each of the table's columns.
 * @param {Patient} patient
 * @param {object} table patient_encoding.json
 * @returns {Float32Array}
 * @throws {RangeError} an age that no patient has, a column that the table lacks, no number where one
 *   is needed, or a word that isn't one of a column's values
 */
export function encode(patient, table) {
  const { age, sex, localization } = known(patient, table);
  const scaled = new Map([["age", age === null ? 0 : (age - table.age_mean) / table.age_std]]);
  const set = new Set([`sex=${sex}`, `localization=${localization}`]);
  if (age === null) set.add("age=missing");
  for (const { name, kind, values, mean, std } of table.metadata ?? []) {
    const told = patient.metadata?.[name] ?? null;
    if (kind === "category") set.add(`${name}=${wordOf(name, told, values)}`);
    else if (told === null) set.add(`${name}=missing`);
    else if (Number.isFinite(told)) scaled.set(name, (told - mean) / std);
    else throw new RangeError(`${name} ${told} isn't a number; leave it out where it isn't told.`);
  }
  return Float32Array.from(table.columns, (column) =>
    scaled.get(column) ?? Number(set.has(column)),
  );
}

function wordOf(name, told, values) {
  const word = told === null ? UNKNOWN : String(told).trim().toLowerCase();
  if (values.includes(word)) return word;
  throw new RangeError(`${name} ${told} isn't one of ${values.join(", ")}.`);
}

/**
 * The answers for a model that encodes inside, by the name of the input.
 * @returns {Record<string, number>} age in years (-1: not told), positions of sex and site
 * @throws {RangeError} an age that no patient has, or metadata
 */
export function codes(patient, table) {
  const { age, sex, localization } = known(patient, table);
  return {
    age: age ?? -1,
    sex: table.sexes.indexOf(sex),
    site: table.localizations.indexOf(localization),
  };
}

function known({ age, sex, localization, metadata }, { sexes, localizations, metadata: columns }) {
  if (age !== null && !(age >= 0 && age <= OLDEST)) {
    throw new RangeError(`Age ${age} is outside of 0-${OLDEST} years; null where it isn't told.`);
  }
  for (const name of Object.keys(metadata ?? {})) {
    if (!columns?.some((column) => column.name === name)) {
      throw new RangeError(`${name}: the model wasn't trained on it; leave it out.`);
    }
  }
  return {
    age,
    sex: sexes.includes(sex) ? sex : UNKNOWN,
    localization: localizations.includes(localization) ? localization : UNKNOWN,
  };
}
