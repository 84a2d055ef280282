// NOT COMPILED by skinlite's tests, which have no Swift.
import PhotosUI
import SwiftUI

/// Choose a picture, see the probabilities. A real app asks for age, sex and site first.
struct ContentView: View {
    let classifier: Classifier
    @State private var chosen: PhotosPickerItem?
    @State private var result = ""

    var body: some View {
        VStack(alignment: .leading, spacing: 16) {
            PhotosPicker("Choose a photo", selection: $chosen, matching: .images)
            Text(result)
            Text(classifier.contract.notice).font(.footnote)
        }
        .padding()
        .task(id: chosen) { await classify() }
    }

    private func classify() async {
        guard let chosen else { return }
        do {
            guard let data = try await chosen.loadTransferable(type: Data.self) else { return }
            let answer = try classifier.classify(decode(data), Patient())
            let contract = classifier.contract
            if let decision = answer.decision, !decision.familiar {
                result = "This does not look like a picture that this network knows."
                return
            }
            let left = answer.decision?.classes.map { contract.names[$0] ?? $0 } ?? []
            let said = left.count > 1
                ? "Not sure: could be \(left.joined(separator: " or "))\n\n"
                : left.map { "The network's probabilities point to one class: \($0)\n\n" }.joined()
            result = said + zip(contract.labels, answer.probabilities)
                .sorted { $0.1 > $1.1 }
                .map { String(format: "%.1f %%  ", 100 * $0.1) + (contract.names[$0.0] ?? $0.0) }
                .joined(separator: "\n")
        } catch {
            result = error.localizedDescription
        }
    }
}
