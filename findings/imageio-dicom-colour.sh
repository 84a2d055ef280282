#!/bin/sh
# imageio 2.38.1: a colour photograph in DICOM is read as a grey image of the same size, made of a third of its bytes.
#
# Dermoscopes write photographs as DICOM with three samples a pixel. `imageio.v3.imread` takes them with its own reader and
# one would guess that height x width x 3 comes back, or an error. It returns height x width: where the samples of
# a pixel lie together (PlanarConfiguration 0, the usual) these are the red, green and blue of the first third of the
# photograph in turn, where each channel lies alone (1) it is the red one. Nothing is said. pydicom reads both rightly.
#
# Way out: pydicom's pixel_array.
#
# Seen (Python 3.11.7, pydicom 3.0.2), for a photograph of 8 x 6 pixels with the bytes 0, 1, 2, ... 143:
#   planar 0: (8, 6), begins 0 1 2 3; pydicom the same photograph: True
#   planar 1: (8, 6), begins 0 3 6 9; pydicom the same photograph: True
# Exit code 0: so it still is. 1: it behaves otherwise.
set -u
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv env && env/bin/pip install -q --disable-pip-version-check \
  imageio==2.38.1 pydicom==3.0.2 numpy==2.4.6 || exit 2
cat > read.py <<'P'
import contextlib
import io
import os

import imageio.v3
import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid


def write(path, photo, planar):
    file = Dataset()
    file.file_meta = FileMetaDataset()
    file.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file.SOPClassUID = file.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    file.SOPInstanceUID = file.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    file.StudyInstanceUID, file.SeriesInstanceUID = generate_uid(), generate_uid()
    file.PatientName, file.PatientID, file.Modality = "Nobody", "1", "XC"
    file.SeriesNumber, file.InstanceNumber, file.StudyDate, file.StudyTime = 1, 1, "20260101", "120000"
    file.Rows, file.Columns, file.SamplesPerPixel = *photo.shape[:2], 3
    file.PhotometricInterpretation, file.PlanarConfiguration = "RGB", planar
    file.BitsAllocated, file.BitsStored, file.HighBit, file.PixelRepresentation = 8, 8, 7, 0
    file.PixelData = (photo.transpose(2, 0, 1) if planar else photo).tobytes()
    file.save_as(path, enforce_file_format=True)


photo = np.arange(8 * 6 * 3, dtype=np.uint8).reshape(8, 6, 3)
for planar in (0, 1):
    os.mkdir(str(planar))
    path = f"{planar}/photo.dcm"
    write(path, photo, planar)
    with contextlib.redirect_stdout(io.StringIO()):
        image = imageio.v3.imread(path)
    same = np.array_equal(dcmread(path).pixel_array, photo)
    begins = " ".join(str(level) for level in image.ravel()[:4])
    print(f"planar {planar}: {image.shape}, begins {begins}; pydicom the same photograph: {same}")
P
told=$(env/bin/python read.py 2>/dev/null)
echo "$told"
seen='planar 0: (8, 6), begins 0 1 2 3; pydicom the same photograph: True
planar 1: (8, 6), begins 0 3 6 9; pydicom the same photograph: True'
if [ "$told" = "$seen" ]; then echo "as reported"; else echo "CHANGED"; exit 1; fi
