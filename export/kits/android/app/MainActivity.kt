// NEVER RUN by skinlite's tests: compiled against Android's signatures and stubs of the libraries.
package skinlite

import android.app.Activity
import android.content.Intent
import android.graphics.ImageDecoder
import android.os.Bundle as State
import android.widget.Button
import android.widget.LinearLayout
import android.widget.TextView
import kotlin.concurrent.thread

/** Choose a picture, see the probabilities. A real app asks for age, sex and site first. */
class MainActivity : Activity() {
    private val bundle by lazy { bundleOf(assets) }
    private val model by lazy { LiteRtModel(bundle) }
    private val classifier by lazy { Classifier(bundle, model) }
    private lateinit var result: TextView

    override fun onCreate(state: State?) {
        super.onCreate(state)
        result = TextView(this)
        val choose = Button(this).apply {
            text = "Choose a photo"
            setOnClickListener {
                val intent = Intent(Intent.ACTION_GET_CONTENT).setType("image/*")
                startActivityForResult(intent, PICTURE)
            }
        }
        setContentView(
            LinearLayout(this).apply {
                orientation = LinearLayout.VERTICAL
                fitsSystemWindows = true
                addView(choose)
                addView(result)
            },
        )
        result.text = bundle.notice
    }

    @Deprecated("Activity's own, which needs no library")
    override fun onActivityResult(request: Int, code: Int, data: Intent?) {
        val uri = data?.data ?: return
        choose(ImageDecoder.createSource(contentResolver, uri))
    }

    private fun choose(source: ImageDecoder.Source) {
        thread {
            val text = try {
                synchronized(classifier) { describe(classifier.classify(decode(source), Patient())) }
            } catch (error: java.io.IOException) {
                "This photo can't be read: ${error.message}"
            } catch (error: IllegalStateException) {
                "No answer: ${error.message}"
            } catch (error: IllegalArgumentException) { // a bundle or a patient that the kit refuses
                "No answer: ${error.message}"
            }
            runOnUiThread { result.text = text }
        }
    }

    private fun describe(answer: Answer): String {
        val decision = answer.decision ?: return bars(answer)
        if (!decision.familiar) {
            return "This does not look like a picture that this network knows.\n\n${bundle.notice}"
        }
        val left = decision.classes.map(bundle.names::getValue)
        return (if (left.size == 1) "The network's probabilities point to one class: ${left[0]}"
        else "Not sure: could be ${left.dropLast(1).joinToString()} or ${left.last()}") + "\n\n" + bars(answer)
    }

    private fun bars(answer: Answer): String = bundle.labels.zip(answer.probabilities.asList())
        .sortedByDescending { it.second }
        .joinToString("\n", postfix = "\n\n${bundle.notice}") { (label, probability) ->
            "%.1f %%  %s".format(100 * probability, bundle.names[label])
        }

    override fun onDestroy() {
        super.onDestroy()
        thread { synchronized(classifier) { model.close() } }
    }

    private companion object {
        const val PICTURE = 1
    }
}
