// NOT COMPILED by skinlite's tests, which have no Swift. The Android kit's plain/ is the same, tested.
// A picture and a patient to the model's tensors, and its answer back to real numbers.
import Foundation

private let unknown = "unknown"

/// A number, or one of a category's values; true and false are words, too.
enum Told: Decodable {
    case number(Double), word(String)

    init(from decoder: Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let truth = try? value.decode(Bool.self) { self = .word(String(truth)) }
        else if let number = try? value.decode(Double.self) { self = .number(number) }
        else { self = .word(try value.decode(String.self)) }
    }
}

/// A patient's answers; an age is 0-120 years, nil where it isn't told. A sex or localization that
/// the bundle's table doesn't have is taken as unknown; `metadata` are those of the table's other
/// columns by name, as far as told.
struct Patient: Decodable {
    var age: Double?
    var sex = unknown
    var localization = unknown
    var metadata: [String: Told]?

    /// The same with a sex and a localization that the table doesn't have as unknown.
    /// - Throws: an age that no patient has, or metadata of a column that the table lacks.
    fileprivate func known(_ table: Encoding) throws -> Patient {
        if let age, !(0...120).contains(age) {
            throw KitError("Age \(age) is outside of 0-120 years; nil where it isn't told.")
        }
        let columns = (table.metadata ?? []).map(\.name)
        if let strange = metadata?.keys.first(where: { !columns.contains($0) }) {
            throw KitError("\(strange): the model wasn't trained on it; leave it out.")
        }
        return Patient(
            age: age, sex: table.sexes.contains(sex) ? sex : unknown,
            localization: table.localizations.contains(localization) ? localization : unknown,
            metadata: metadata)
    }
}

/// model.tflite on some runtime: input tensors by name to output tensors by name, as stored.
protocol Model {
    func run(_ inputs: [String: Data]) throws -> [String: Data]
}

struct Answer {
    /// In the order of labels.txt.
    let probabilities: [Float]
    /// Rows of the map, where the model gives one; divide by the largest to overlay.
    let attention: [[Float]]?
    /// Where the bundle says how to decide; look whether it is familiar first.
    let decision: Decided?
}

struct Classifier {
    let contract: Contract
    let model: Model

    func classify(_ picture: Pixels, _ patient: Patient = Patient()) throws -> Answer {
        let pixels = try self.pixels(picture)
        return try run(inputs(pixels, patient), pixels)
    }

    /// What the model's image tensor is made of.
    func pixels(_ picture: Pixels) throws -> Pixels {
        let shape = try tensor(contract.input("image"), "image").shape
        let geometry = contract.geometry
        return fit(
            picture, height: shape[1], width: shape[2], frame: geometry.frame, whole: geometry.isWhole)
    }

    /// The model's input tensors by name: `image`, and `patient` encoded or `age`, `sex`, `site`,
    /// where the model takes a patient.
    func inputs(_ pixels: Pixels, _ patient: Patient) throws -> [String: Data] {
        var real = ["image": pixels.levels.map(Float.init)]
        if let table = contract.encoding {
            if contract.input("patient") != nil {
                real["patient"] = try encode(patient, table)
            } else {
                real.merge(try codes(patient, table).mapValues { [$0] }) { $1 }
            }
        }
        var stored: [String: Data] = [:]
        for (name, values) in real { stored[name] = try pack(values, tensor(contract.input(name), name)) }
        return stored
    }

    /// Run the model, and decide.
    func run(_ inputs: [String: Data], _ pixels: Pixels) throws -> Answer {
        let outputs = try model.run(inputs)
        func read(_ name: String) throws -> [Float]? {
            guard let tensor = contract.output(name) else { return nil }
            guard let stored = outputs[name] else { throw KitError("The model gave no \(name).") }
            return unpack(stored, tensor)
        }
        guard let probabilities = try read("probabilities") else {
            throw KitError("The manifest has no probabilities.")
        }
        let width = contract.output("attention")?.shape[2] ?? 1
        let map = try read("attention").map { values in
            stride(from: 0, to: values.count, by: width).map { Array(values[$0..<($0 + width)]) }
        }
        let decided = try contract.decision?.decide(probabilities, contract.labels, pixels)
        return Answer(probabilities: probabilities, attention: map, decision: decided)
    }

    func tensor(_ found: Tensor?, _ name: String) throws -> Tensor {
        guard let found else { throw KitError("The model has no \(name).") }
        return found
    }
}

/// The encoded answers, one number for each of the table's columns.
func encode(_ patient: Patient, _ table: Encoding) throws -> [Float] {
    let known = try patient.known(table)
    var set: Set = [
        "sex=\(known.sex)", "localization=\(known.localization)",
        known.age == nil ? "age=missing" : "",
    ]
    var scaled = ["age": known.age.map { ($0 - table.ageMean) / table.ageStd } ?? 0]
    for column in table.metadata ?? [] {
        let told = known.metadata?[column.name]
        if let values = column.values {
            let word: String
            switch told {
            case nil: word = unknown
            case .word(let given): word = given.trimmingCharacters(in: .whitespaces).lowercased()
            case .number(let given): word = Int(exactly: given).map { "\($0)" } ?? "\(given)"
            }
            guard values.contains(word) else {
                throw KitError("\(column.name) \(word) isn't one of \(values.joined(separator: ", ")).")
            }
            set.insert("\(column.name)=\(word)")
        } else if case .number(let number)? = told, number.isFinite, let mean = column.mean, let std = column.std {
            scaled[column.name] = (number - mean) / std
        } else if told == nil {
            set.insert("\(column.name)=missing")
        } else {
            throw KitError("\(column.name) isn't a number; leave it out where it isn't told.")
        }
    }
    return table.columns.map { column in scaled[column].map(Float.init) ?? (set.contains(column) ? 1 : 0) }
}

/// The answers for a model that encodes inside, by the name of the input; age -1: not told.
func codes(_ patient: Patient, _ table: Encoding) throws -> [String: Float] {
    let known = try patient.known(table)
    return [
        "age": Float(known.age ?? -1),
        "sex": Float(table.sexes.firstIndex(of: known.sex) ?? -1),
        "site": Float(table.localizations.firstIndex(of: known.localization) ?? -1),
    ]
}

/// Real numbers as a tensor stores them.
func pack(_ values: [Float], _ tensor: Tensor) throws -> Data {
    guard values.count == tensor.size else {
        throw KitError("\(tensor.name) takes \(tensor.size) numbers, not \(values.count).")
    }
    guard values.allSatisfy({ !$0.isNaN }) else { throw KitError("\(tensor.name) takes numbers.") }
    func steps(_ low: Int, _ high: Int) -> [Int] {
        values.map { value in
            var steps = Double(value)
            if let quantization = tensor.quantization {
                steps = Double((value / quantization.scale).rounded(.toNearestOrEven)) + Double(quantization.zeroPoint)
            }
            return Int(min(Double(high), max(Double(low), steps)))  // in this order: Int traps on what it can't hold
        }
    }
    switch tensor.dtype {
    case .float32: return values.withUnsafeBytes { Data($0) }
    case .int32: return steps(Int(Int32.min), Int(Int32.max)).map(Int32.init).withUnsafeBytes { Data($0) }
    case .uint8: return Data(steps(0, 255).map(UInt8.init))
    case .int8: return Data(steps(-128, 127).map { UInt8(bitPattern: Int8($0)) })
    }
}

/// The real numbers of what a tensor stores.
func unpack(_ stored: Data, _ tensor: Tensor) -> [Float] {
    let numbers: [Float]
    switch tensor.dtype {
    case .float32: numbers = stored.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    case .int32: numbers = stored.withUnsafeBytes { $0.bindMemory(to: Int32.self).map(Float.init) }
    case .uint8: numbers = stored.map(Float.init)
    case .int8: numbers = stored.map { Float(Int8(bitPattern: $0)) }
    }
    guard let quantization = tensor.quantization else { return numbers }
    return numbers.map { ($0 - Float(quantization.zeroPoint)) * quantization.scale }
}
