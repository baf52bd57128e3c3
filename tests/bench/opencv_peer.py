#!/usr/bin/env python3
"""What a user would write instead of process-file, with python3-opencv.

usage: opencv_peer.py stats PROCESSES FILE...    one line of JSON for each picture
       opencv_peer.py motion VIDEO               the boxes of what moves in each frame
"""

import json
import multiprocessing
import sys

import cv2


def stats(path):
    """Brightness, contrast, histogram and sharpness of one picture."""
    gray = cv2.imread(path, cv2.IMREAD_GRAYSCALE)
    mean, deviation = cv2.meanStdDev(gray)
    low, high, _, _ = cv2.minMaxLoc(gray)
    histogram = cv2.calcHist([gray], [0], None, [64], [0, 256]).ravel().astype(int).tolist()
    _, edges = cv2.meanStdDev(cv2.Laplacian(gray, cv2.CV_16S))
    return json.dumps({"source": path, "mean": mean[0][0], "stddev": deviation[0][0], "min": low,
                       "max": high, "histogram": histogram, "sharpness": edges[0][0] ** 2})  # fmt: skip


def motion(path, width=320):
    """Background subtraction at a fixed width, as the step `motion` does it."""
    video, subtractor = cv2.VideoCapture(path), cv2.createBackgroundSubtractorMOG2()
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    while True:
        more, frame = video.read()
        if not more:
            return
        gray = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
        height = round(gray.shape[0] * width / gray.shape[1])
        small = cv2.resize(gray, (width, height), interpolation=cv2.INTER_AREA)
        mask = cv2.morphologyEx(subtractor.apply(small), cv2.MORPH_OPEN, kernel)
        _, mask = cv2.threshold(mask, 200, 255, cv2.THRESH_BINARY)
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        boxes = [cv2.boundingRect(c) for c in contours if cv2.contourArea(c) > 20]
        print(json.dumps(boxes))


def main():
    if sys.argv[1] == "motion":
        motion(sys.argv[2])
        return
    cv2.setNumThreads(1)  # the processes are what works side by side
    with multiprocessing.Pool(int(sys.argv[2])) as pool:
        for line in pool.imap(stats, sys.argv[3:], chunksize=4):
            print(line)


if __name__ == "__main__":
    main()
