/** One step of the schema. */
export interface Migration {
  /** Sorts by its leading number; never renamed once released. */
  readonly name: string
  readonly sql: string
}
