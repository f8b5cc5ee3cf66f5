/** What probes are told of the database. */
import type { StoreState } from '../store/postgres/store-health.ts'

export type StoreView = StoreState & { readonly isRestarting: boolean }
