import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.Properties;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.StringSerializer;

import static java.nio.charset.StandardCharsets.UTF_8;

/** Sends events (JSON lines on stdin) to a topic: {@code java -cp "jars/*" Producer.java HOST:PORT TOPIC}. */
public class Producer {
    public static void main(String[] given) throws Exception {
        var settings = new Properties();
        settings.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, given[0]);
        settings.put(ProducerConfig.ACKS_CONFIG, "all");
        // The default partitioner is the right one: set neither partitioner.class nor partitioner.ignore.keys.
        var json = new ObjectMapper();
        var sent = new ArrayList<Future<RecordMetadata>>();
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer());
                var events = new BufferedReader(new InputStreamReader(System.in, UTF_8))) {
            for (String event; (event = events.readLine()) != null; ) {
                String person = json.readTree(event).required("user_id").textValue();
                sent.add(producer.send(new ProducerRecord<>(given[1], person, event)));
            }
            producer.flush();
            for (var one : sent) {
                one.get(); // throws what could not be written
            }
        }
    }
}
