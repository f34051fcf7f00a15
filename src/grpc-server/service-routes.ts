import type { Route } from "./call-router.js";
import type {
  MethodDefinition,
  ServiceDefinition,
  ServiceImplementation,
  ServiceMethod,
} from "./service-definition.js";
import { ServiceStreamCall } from "./service-stream-call.js";
import { unaryRunner } from "./service-unary-call.js";
import { STATUS } from "./status.js";
import { StreamCall } from "./stream-call.js";
import { UnaryCall } from "./unary-call.js";

/** The routes of a service by path. A method that the implementation does not have is answered UNIMPLEMENTED. */
export function serviceRoutes(
  definition: ServiceDefinition,
  implementation: ServiceImplementation,
): Map<string, Route> {
  const routes = new Map<string, Route>();
  for (const [name, method] of Object.entries(definition)) {
    const found = implementation[name] ?? implementation[method.originalName ?? ""];
    const bound = found?.bind(implementation) as ServiceMethod | undefined;
    routes.set(method.path, methodRoute(method, bound ?? unimplemented(name, method)));
  }
  if (routes.size === 0) throw new Error("a service without methods");
  return routes;
}

function methodRoute(method: MethodDefinition, implementation: ServiceMethod): Route {
  if (!method.requestStream && !method.responseStream) {
    const run = unaryRunner(method, implementation);
    return (stream, head, context) => new UnaryCall(stream, head, run, context);
  }
  return (stream, head, context) => {
    let surface: ServiceStreamCall | undefined;
    stream.isRequestEndless = method.requestStream;
    const call = new StreamCall(stream, head, context, (core) => {
      surface = new ServiceStreamCall(core, method, implementation);
      return surface;
    });
    surface?.start();
    return call;
  };
}

function unimplemented(name: string, method: MethodDefinition): ServiceMethod {
  const status = { code: STATUS.UNIMPLEMENTED, details: `The server does not implement the method ${name}` };
  return (call, send) => {
    if (method.responseStream) (call as ServiceStreamCall).emit("error", status);
    else send?.(status);
  };
}
