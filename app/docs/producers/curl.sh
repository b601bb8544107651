#!/bin/sh
# Sends events (JSON lines on stdin) to a worker, which finds their partitions: curl.sh http://HOST:PORT
# With a token: TACTFUL_TOKEN=... curl.sh http://HOST:PORT
set -eu
while IFS= read -r event; do
    curl --silent --show-error --fail-with-body --retry 5 --output /dev/null \
        --header 'Content-Type: application/json' \
        ${TACTFUL_TOKEN:+--header "Authorization: Bearer $TACTFUL_TOKEN"} \
        --data-binary "$event" "$1/events"
done
