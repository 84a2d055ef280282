#!/bin/sh
# dicom2jpg 0.1.10: it stretches a colour photograph between its own darkest and lightest level.
#
# A DICOM of an X-ray has levels without a unit, and stretching them is usual. A dermoscopic photograph (Modality XC,
# PhotometricInterpretation RGB, 8 bits, no window, no LUT) has colours that are to be shown as they are, and one would
# guess that the JPEG has them. dicom2jpg takes the least and the greatest level of all three channels together for 0
# and 255, whatever the photograph is of: the same skin gets another colour in each photograph, by what lies beside it.
# Nothing is said, and there is no option for it. A classifier that was trained on such JPEGs learns of other colours.
#
# Way out: pydicom's pixel_array and Pillow.
#
# Seen (Python 3.11.7, pydicom 3.0.2), for skin of 200 150 120 beside another colour:
#   beside 90 60 50: 255 170 119; beside 10 10 10: 255 187 147; pydicom: 200 150 120
# Exit code 0: so it still is. 1: it behaves otherwise.
set -u
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv env && env/bin/pip install -q --disable-pip-version-check \
  dicom2jpg==0.1.10 pydicom==3.0.2 opencv-python==5.0.0.93 numpy==2.4.6 || exit 2
cat > stretch.py <<'P'
import dicom2jpg
import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid


def write(path, photo):
    file = Dataset()
    file.file_meta = FileMetaDataset()
    file.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file.SOPClassUID = file.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    file.SOPInstanceUID = file.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    file.StudyInstanceUID, file.SeriesInstanceUID = generate_uid(), generate_uid()
    file.PatientName, file.PatientID, file.Modality = "Nobody", "1", "XC"
    file.Rows, file.Columns, file.SamplesPerPixel = *photo.shape[:2], 3
    file.PhotometricInterpretation, file.PlanarConfiguration = "RGB", 0
    file.BitsAllocated, file.BitsStored, file.HighBit, file.PixelRepresentation = 8, 8, 7, 0
    file.PixelData = photo.tobytes()
    file.save_as(path, enforce_file_format=True)


told = []
for beside in ((90, 60, 50), (10, 10, 10)):
    photo = np.full((8, 6, 3), (200, 150, 120), np.uint8)
    photo[:4] = beside
    write("photo.dcm", photo)
    skin = dicom2jpg.dicom2img("photo.dcm")[7, 5]
    told.append("beside {} {} {}: {} {} {}".format(*beside, *skin))
told.append("pydicom: {} {} {}".format(*dcmread("photo.dcm").pixel_array[7, 5]))
print("; ".join(told))
P
told=$(env/bin/python stretch.py 2>/dev/null)
echo "$told"
seen='beside 90 60 50: 255 170 119; beside 10 10 10: 255 187 147; pydicom: 200 150 120'
if [ "$told" = "$seen" ]; then echo "as reported"; else echo "CHANGED"; exit 1; fi
