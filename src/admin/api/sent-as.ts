import { z } from "zod";

/** What clients send, as JSON Schema, where a schema cannot say that by itself: numbers of a query come as text. */
export const sentAs = z.registry<Readonly<Record<string, unknown>>>();
