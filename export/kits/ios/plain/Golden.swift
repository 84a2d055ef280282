// NOT COMPILED by skinlite's tests, which have no Swift. The Android kit's plain/ is the same, tested.
// The golden vectors through every stage on this device, for `skinlite verify BUNDLE --outputs`.
import Foundation

private struct Vectors: Decodable {
    struct Vector: Decodable {
        let picture: String
        let patient: Patient?
    }
    let vectors: [Vector]
}

private struct Outputs: Encodable {
    struct Computed: Encodable {
        let picture: String
        let image: [Float]
        let patient: [String: [Float]]
        let probabilities: [Float]
        let decision: Decided?
    }
    let schema_version = 1
    let device: String
    let model = modelFile
    let vectors: [Computed]
}

/// What every stage gives here, as JSON; `device`: what it runs on, in words.
func runGolden(_ classifier: Classifier, device: String, decode: (Data) throws -> Pixels) throws -> Data {
    let golden = classifier.contract.folder.appendingPathComponent("golden")
    let known: Vectors = try decodeJson(golden.appendingPathComponent("vectors.json"))
    let vectors = try known.vectors.map { vector -> Outputs.Computed in
        let file = try Data(contentsOf: golden.appendingPathComponent(vector.picture))
        let pixels = try classifier.pixels(decode(file))
        let inputs = try classifier.inputs(pixels, vector.patient ?? Patient())
        var stored: [String: [Float]] = [:]
        for (name, data) in inputs {
            let tensor = try classifier.tensor(classifier.contract.input(name), name)
            stored[name] = unpack(
                data, Tensor(name: name, shape: tensor.shape, dtype: tensor.dtype, quantization: nil))
        }
        let answer = try classifier.run(inputs, pixels)
        return Outputs.Computed(
            picture: vector.picture,
            image: stored.removeValue(forKey: "image") ?? [],
            patient: stored,
            probabilities: answer.probabilities,
            decision: answer.decision)
    }
    return try JSONEncoder().encode(Outputs(device: device, vectors: vectors))
}
