// NOT COMPILED by skinlite's tests, which have no Swift. The Android kit's plain/ is the same, tested.
// What a bundle says of itself. Every size, name and order the other files use comes from here.
import Foundation

let modelFile = "model.tflite"

/// real = (stored - zeroPoint) * scale.
struct Quantization: Decodable {
    let scale: Float
    let zeroPoint: Int
}

/// How a tensor stores numbers. Another one than these can't be decoded, and that is an error.
enum Dtype: String, Decodable { case float32, int32, uint8, int8 }

/// An input or output of the model; the batch comes first in its shape, and is always 1.
struct Tensor: Decodable {
    let name: String
    let shape: [Int]
    let dtype: Dtype
    let quantization: Quantization?
    var size: Int { shape.reduce(1, *) }
}

/// A column that the model takes besides: a category with its values, `unknown` the last, or a number.
struct Column: Decodable {
    let name: String
    let values: [String]?
    let mean, std: Double?
}

/// patient_encoding.json: how age, sex and site become numbers.
struct Encoding: Decodable {
    let kind: String
    let columns: [String]
    let ageMean: Double
    let ageStd: Double
    let sexes: [String]
    let localizations: [String]
    let metadata: [Column]?
}

/// How a picture becomes pixels; `frame`: rows and columns that larger crops are reduced into.
struct PixelGeometry: Decodable, Equatable {
    let channels, orientation, crop, reduce, resize, rounding: String
    let halfPixelCenters, antialias: Bool
    let frame: [Int]

    /// Whether pictures are resized as a whole, not cropped.
    var isWhole: Bool { crop == "none" }

    /// What Geometry.swift does.
    func isKnown() -> Bool {
        self == PixelGeometry(
            channels: "RGB", orientation: "exif", crop: crop == "none" ? crop : "centre", reduce: "area", resize: "bilinear",
            rounding: "nearest", halfPixelCenters: true, antialias: false, frame: frame)
    }
}

struct Signature: Decodable {
    let inputs, outputs: [Tensor]
}

struct KitError: LocalizedError {
    let errorDescription: String?
    init(_ message: String) { errorDescription = message }
}

/// A bundle folder's contract.
struct Contract {
    private struct Manifest: Decodable {
        let notice: String
        let signatures: [String: Signature]
        let classes: [String: String]
        let geometry: PixelGeometry
        let decision: Decision?
    }

    let folder: URL
    let signature: Signature
    let geometry: PixelGeometry
    /// Nil where the model takes the picture alone.
    let encoding: Encoding?
    /// Of the classes, in the order of the probabilities.
    let labels: [String]
    /// How to decide from probabilities; nil where the bundle doesn't say.
    let decision: Decision?
    /// Long names by label.
    let names: [String: String]
    /// What the model isn't meant for; show it.
    let notice: String

    /// - Throws: a file that is missing or damaged, or a bundle that needs what this kit doesn't do.
    init(folder: URL) throws {
        self.folder = folder
        let manifest: Manifest = try decodeJson(folder.appendingPathComponent("manifest.json"))
        guard let signature = manifest.signatures[modelFile] else {
            throw KitError("The manifest has no \(modelFile).")
        }
        self.signature = signature
        geometry = manifest.geometry
        names = manifest.classes
        decision = manifest.decision
        notice = manifest.notice
        encoding = signature.inputs.count == 1
            ? nil : try decodeJson(folder.appendingPathComponent("patient_encoding.json"))
        labels = try String(contentsOf: folder.appendingPathComponent("labels.txt"), encoding: .utf8)
            .split(whereSeparator: \.isNewline).map(String.init)
        let kinds = ["age-sex-localization", "age-sex-localization-metadata"]
        if let kind = encoding?.kind, !kinds.contains(kind) {
            throw KitError("The encoding is \(kind); this kit knows \(kinds.joined(separator: ", ")).")
        }
        guard geometry.isKnown() else {
            throw KitError("The bundle's geometry isn't the one of this kit: \(geometry)")
        }
        if let decision, !decision.isKnown(labels) {
            throw KitError("The bundle's decision has other statistics or classes than this kit and the bundle.")
        }
    }

    func input(_ name: String) -> Tensor? { signature.inputs.first { $0.name == name } }

    func output(_ name: String) -> Tensor? { signature.outputs.first { $0.name == name } }
}

/// Decode JSON whose names are in snake case.
func decodeJson<T: Decodable>(_ url: URL) throws -> T {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(T.self, from: Data(contentsOf: url))
}
