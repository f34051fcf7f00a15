// Command pod-security holds the pods of Deployments to the pod security standard `restricted`, with the code by which the
// Kubernetes API server does. It reads Deployments as JSON from its input, one after the other, and writes a line for each
// thing that the standard forbids. It exits with 1 if there was one, or no Deployment at all.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

func main() {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		log.Fatal(err)
	}
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	seen, forbidden := 0, 0
	for input := json.NewDecoder(os.Stdin); ; seen++ {
		var deployment appsv1.Deployment
		if err := input.Decode(&deployment); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			log.Fatal(err)
		}
		template := &deployment.Spec.Template
		for _, result := range evaluator.EvaluatePod(restricted, &template.ObjectMeta, &template.Spec) {
			if !result.Allowed {
				fmt.Printf("%s: %s: %s\n", deployment.Name, result.ForbiddenReason, result.ForbiddenDetail)
				forbidden++
			}
		}
	}
	if seen == 0 || forbidden > 0 {
		os.Exit(1)
	}
}
