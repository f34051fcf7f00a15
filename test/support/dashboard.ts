import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MONITORING } from "./prometheus.js";

/** What is looked at of a Grafana dashboard; there is more in the file. */
export interface Dashboard {
  title: string;
  refresh: string;
  editable: boolean;
  templating: { list: Variable[] };
  panels: Panel[];
}

export interface Variable {
  name: string;
  type: string;
  label: string;
  query: string;
  datasource?: DataSource;
  multi: boolean;
  allValue?: string;
  refresh: number;
}

export interface Panel {
  type: string;
  title: string;
  description?: string;
  datasource?: DataSource;
  gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  fieldConfig?: { defaults: { unit?: string } };
  targets?: Target[];
}

export interface Target {
  refId: string;
  expr: string;
  datasource: DataSource;
}

export interface DataSource {
  type: string;
  uid: string;
}

/** The dashboard that the project ships, read anew. */
export function readDashboard(): Dashboard {
  return JSON.parse(readFileSync(join(MONITORING, "grafana/dashboards/weir.json"), "utf8")) as Dashboard;
}

/** Panels that draw something: all but rows. */
export function drawnPanels({ panels }: Dashboard): Panel[] {
  return panels.filter((panel) => panel.type !== "row");
}

/** A query as Grafana sends it with "All" chosen in each variable. */
export function withAllChosen({ templating }: Dashboard, query: string): string {
  const values = new Map(templating.list.map((variable) => [variable.name, variable.allValue ?? ".*"]));
  values.set("__rate_interval", "10s").set("__range", "1m");
  return query.replace(/\$(\w+)/g, (whole, name: string) => {
    const value = values.get(name);
    if (value === undefined) throw new Error(`there is no variable ${whole}, which a query of the dashboard names`);
    return value;
  });
}
