// Command go-client calls one unary method with grpc-go, many calls at once on several connections, and prints how they
// ended as JSON. Every call has a message of its own, of another size, and must get it back.
//
//	go-client -addr 127.0.0.1:8081 -method /test.Echo/Echo -calls 5000 -conns 4 -at-once 50
package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"log"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

// rawCodec sends and takes messages as the bytes that they are.
type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error)      { return *v.(*[]byte), nil }
func (rawCodec) Unmarshal(data []byte, v any) error { *v.(*[]byte) = bytes.Clone(data); return nil }
func (rawCodec) Name() string                       { return "proto" }

var (
	addr    = flag.String("addr", "", "host:port of the server")
	method  = flag.String("method", "", "path of the method")
	calls   = flag.Int64("calls", 1000, "calls in all")
	conns   = flag.Int("conns", 2, "connections")
	atOnce  = flag.Int("at-once", 20, "calls at once on each connection")
	maxSize = flag.Int64("max-size", 2000, "largest message, bytes")
)

// outcome counts calls by the name of their status, and answers that were not the message sent.
type outcome struct {
	mu       sync.Mutex
	Statuses map[string]int `json:"statuses"`
	Wrong    int            `json:"wrong"`
}

func (o *outcome) note(err error, isRight bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.Statuses[status.Code(err).String()]++
	if err == nil && !isRight {
		o.Wrong++
	}
}

func message(number int64) []byte {
	bytes := make([]byte, 8+number*37%*maxSize)
	binary.BigEndian.PutUint64(bytes, uint64(number))
	return bytes
}

func call(conn *grpc.ClientConn, number int64, result *outcome) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	request, response := message(number), []byte{}
	err := conn.Invoke(ctx, *method, &request, &response)
	result.note(err, bytes.Equal(request, response))
}

func main() {
	flag.Parse()
	result := outcome{Statuses: map[string]int{}}
	var started atomic.Int64
	var running sync.WaitGroup
	for range *conns {
		conn, err := grpc.NewClient(*addr,
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithDefaultCallOptions(grpc.ForceCodec(rawCodec{})))
		if err != nil {
			log.Fatal(err)
		}
		defer conn.Close()
		for range *atOnce {
			running.Add(1)
			go func() {
				defer running.Done()
				for number := started.Add(1); number <= *calls; number = started.Add(1) {
					call(conn, number, &result)
				}
			}()
		}
	}
	running.Wait()
	if err := json.NewEncoder(os.Stdout).Encode(&result); err != nil {
		log.Fatal(err)
	}
}
