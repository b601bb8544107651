// Sends events (JSON lines on stdin) to a topic: go run . HOST:PORT TOPIC
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"log"
	"os"

	"github.com/twmb/franz-go/pkg/kgo"
)

func main() {
	address, topic := os.Args[1], os.Args[2]
	client, err := kgo.NewClient(
		kgo.SeedBrokers(address),
		kgo.DefaultProduceTopic(topic),
		// The home of a key: murmur2, as in Java. It is the default; said here so that nobody changes it unawares.
		kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)),
		kgo.RequiredAcks(kgo.AllISRAcks()),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20) // an event has at most 256 KB
	for lines.Scan() {
		value := append([]byte(nil), lines.Bytes()...)
		var event struct {
			UserID string `json:"user_id"`
		}
		if err := json.Unmarshal(value, &event); err != nil {
			log.Fatal(err)
		}
		client.Produce(context.Background(), &kgo.Record{Key: []byte(event.UserID), Value: value},
			func(_ *kgo.Record, err error) {
				if err != nil {
					log.Fatal(err)
				}
			})
	}
	if err := lines.Err(); err != nil {
		log.Fatal(err)
	}
	if err := client.Flush(context.Background()); err != nil {
		log.Fatal(err)
	}
}
