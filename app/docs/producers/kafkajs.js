// Sends events (JSON lines on stdin) to a topic: node kafkajs.js HOST:PORT TOPIC
const { createInterface } = require('node:readline')
const { Kafka, Partitioners, logLevel } = require('kafkajs')

async function main(address, topic) {
  const kafka = new Kafka({ clientId: 'my-service', brokers: [address], logLevel: logLevel.ERROR })
  const producer = kafka.producer({
    // From kafkajs 2.0 on DefaultPartitioner is Java's; before, it was JavaCompatiblePartitioner. Never LegacyPartitioner.
    createPartitioner: Partitioners.DefaultPartitioner,
    // What is sent again because an answer was late is written once.
    idempotent: true,
  })
  await producer.connect()
  try {
    const messages = []
    for await (const value of createInterface({ input: process.stdin })) {
      messages.push({ key: JSON.parse(value).user_id, value })
    }
    await producer.send({ topic, acks: -1, messages })
  } finally {
    await producer.disconnect()
  }
}

main(...process.argv.slice(2)).catch((error) => {
  console.error(error)
  process.exit(1)
})
