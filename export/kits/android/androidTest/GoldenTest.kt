// NEVER RUN by skinlite's tests: compiled against Android's signatures and stubs of the libraries.
package skinlite

import android.graphics.ImageDecoder
import android.os.Build
import androidx.test.ext.junit.runners.AndroidJUnit4
import androidx.test.platform.app.InstrumentationRegistry
import java.io.File
import java.nio.ByteBuffer
import org.junit.Test
import org.junit.runner.RunWith

/** Writes phone.json, which `skinlite verify BUNDLE --outputs phone.json` judges. */
@RunWith(AndroidJUnit4::class)
class GoldenTest {
    @Test
    fun writeOutputs() {
        val context = InstrumentationRegistry.getInstrumentation().targetContext
        val bundle = bundleOf(context.assets)
        // Gradle copies what lies in the first to the computer, and removes the second with the app.
        val folder = InstrumentationRegistry.getArguments().getString("additionalTestOutputDir")
        val target = folder?.let(::File) ?: context.getExternalFilesDir(null)
        LiteRtModel(bundle).use { model ->
            File(target, "phone.json").bufferedWriter().use { file ->
                runGolden(Classifier(bundle, model), "${Build.MANUFACTURER} ${Build.MODEL}", file) {
                    decode(ImageDecoder.createSource(ByteBuffer.wrap(it)))
                }
            }
        }
    }
}
