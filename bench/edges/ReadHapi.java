import ca.uhn.hl7v2.DefaultHapiContext;
import ca.uhn.hl7v2.model.Message;
import ca.uhn.hl7v2.model.Segment;
import ca.uhn.hl7v2.parser.CanonicalModelClassFactory;
import ca.uhn.hl7v2.parser.PipeParser;
import ca.uhn.hl7v2.util.Terser;
import ca.uhn.hl7v2.validation.impl.ValidationContextFactory;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The same fields of the same messages, read by HAPI without validation, in one thread.
 * Arguments: a file of messages, each ended by FS; "SEGMENT-field-component,..."; seconds to get warm; seconds to measure.
 * Warm is also after so many messages at the least: on a busy machine seconds say little about what was compiled.
 * Prints each message's values, separated by US, one message a line; then messages a second and CPU microseconds a message.
 */
public final class ReadHapi {
    private static final long WARM_MESSAGES = 30_000;

    public static void main(String[] arguments) throws Exception {
        List<String> messages = new ArrayList<>();
        for (String one : Files.readString(Path.of(arguments[0])).split("\u001c")) {
            messages.add(one);
        }
        String[] paths = arguments[1].split(",");
        String[] names = new String[paths.length];
        int[][] places = new int[paths.length][];
        for (int i = 0; i < paths.length; i++) {
            String[] parts = paths[i].split("-");
            names[i] = parts[0];
            places[i] = new int[] {Integer.parseInt(parts[1]), Integer.parseInt(parts[2])};
        }
        try (DefaultHapiContext context = new DefaultHapiContext()) {
            context.setValidationContext(ValidationContextFactory.noValidation());
            context.setModelClassFactory(new CanonicalModelClassFactory("2.5.1"));
            PipeParser parser = context.getPipeParser();
            PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
            for (String message : messages) {
                out.println(String.join("\u001f", read(parser, message, names, places)));
            }
            run(parser, messages, names, places, Double.parseDouble(arguments[2]), WARM_MESSAGES);
            long cpu = cpu();
            double[] measured = run(parser, messages, names, places, Double.parseDouble(arguments[3]), 1);
            double micros = (cpu() - cpu) / 1e3 / measured[0];
            out.println(measured[0] / measured[1] + " " + micros);
            out.flush();
        }
    }

    private static double[] run(
            PipeParser parser, List<String> messages, String[] names, int[][] places, double seconds, long least)
            throws Exception {
        long begun = System.nanoTime();
        long until = begun + (long) (seconds * 1e9);
        long count = 0;
        int length = 0;
        while (System.nanoTime() < until || count < least) {
            for (int i = 0; i < 16; i++) {
                length += read(parser, messages.get((int) (count++ % messages.size())), names, places)[0].length();
            }
        }
        if (length == 0) {
            throw new IllegalStateException("nothing was read");
        }
        return new double[] {count, (System.nanoTime() - begun) / 1e9};
    }

    private static String[] read(PipeParser parser, String text, String[] names, int[][] places) throws Exception {
        Message message = parser.parse(text);
        String[] values = new String[names.length];
        for (int i = 0; i < names.length; i++) {
            Segment segment = (Segment) message.get(names[i]);
            String value = Terser.getPrimitive(segment.getField(places[i][0], 0), places[i][1], 1).getValue();
            values[i] = value == null ? "" : value;
        }
        return values;
    }

    private static long cpu() {
        return ((com.sun.management.OperatingSystemMXBean)
                        java.lang.management.ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }
}
