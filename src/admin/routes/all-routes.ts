import type { AdminParts } from "../admin-parts.js";
import type { ApiRoute } from "../api/api-route.js";
import { bucketRoutes } from "./bucket-routes.js";
import { enforcementRoutes, reloadRoute } from "./enforcement-routes.js";
import { limitedRoute } from "./limited-route.js";
import { overrideRoutes } from "./override-routes.js";
import { rulesRoute } from "./rules-route.js";
import { sourcesRoute } from "./sources-route.js";
import { statusRoute } from "./status-route.js";

/** Every call of the admin API. */
export function allRoutes(parts: AdminParts): readonly ApiRoute[] {
  return [
    statusRoute(parts),
    rulesRoute(parts),
    sourcesRoute(parts),
    limitedRoute(parts),
    ...bucketRoutes(parts),
    ...overrideRoutes(parts),
    ...enforcementRoutes(parts),
    reloadRoute(parts),
  ];
}
