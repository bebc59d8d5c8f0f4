import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.main.Main;

/**
 * Apache Camel: an MLLP consumer that acknowledges when the broker has confirmed the message (acks=all).
 * Arguments: port, bootstrap servers, topic, connections (each has a thread, as camel-mllp has it).
 */
public final class CamelMllp {
    public static void main(String[] arguments) throws Exception {
        String from = "mllp://127.0.0.1:" + arguments[0] + "?autoAck=true&maxConcurrentConsumers=" + arguments[3];
        String to = "kafka:" + arguments[2] + "?brokers=" + arguments[1]
                + "&requestRequiredAcks=all&enableIdempotence=true&lingerMs=0"
                + "&valueSerializer=org.apache.kafka.common.serialization.ByteArraySerializer";
        Main main = new Main();
        main.configure().addRoutesBuilder(new RouteBuilder() {
            @Override
            public void configure() {
                errorHandler(noErrorHandler());
                from(from).to(to);
            }
        });
        main.run();
    }
}
