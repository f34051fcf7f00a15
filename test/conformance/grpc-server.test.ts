import { startGrpcJs, startNativeFastLane, startNativeService } from "../support/grpc/servers-under-test.js";
import { describeGrpcServer } from "./grpc-server-suite.js";

describeGrpcServer("the native server", startNativeService);
describeGrpcServer("the native server's fast lane", startNativeFastLane, { fastLane: true });
describeGrpcServer("grpc-js", startGrpcJs);
