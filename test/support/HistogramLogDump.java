import java.io.File;
import org.HdrHistogram.EncodableHistogram;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramLogReader;

/** Prints what HdrHistogram's own reader finds in a log: tag, start and end in ms since 1970, count, p50, p99, max. */
public class HistogramLogDump {
  public static void main(String[] arguments) throws Exception {
    HistogramLogReader reader = new HistogramLogReader(new File(arguments[0]));
    while (reader.hasNext()) {
      EncodableHistogram next = reader.nextIntervalHistogram();
      if (next == null) break;
      Histogram histogram = (Histogram) next;
      System.out.println(
          String.join(
              ",",
              histogram.getTag(),
              Long.toString(histogram.getStartTimeStamp()),
              Long.toString(histogram.getEndTimeStamp()),
              Long.toString(histogram.getTotalCount()),
              Long.toString(histogram.getValueAtPercentile(50)),
              Long.toString(histogram.getValueAtPercentile(99)),
              Long.toString(histogram.getMaxValue())));
    }
  }
}
