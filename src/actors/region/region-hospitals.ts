/** The hospitals of a region as its reference data has them; others come as a message. */
import type { HospitalReference } from '../../protocol/reference.ts'

/** More are left aside, the last by id. */
const HOSPITALS_MAX = 1_000

export class RegionHospitals {
  #all: readonly HospitalReference[] = []

  get all(): readonly HospitalReference[] {
    return this.#all
  }

  take(hospitals: readonly HospitalReference[]): void {
    this.#all = hospitals.slice(0, HOSPITALS_MAX)
  }
}
