/** The hospitals of a region as its reference data has them; others come as a message. */
import type { Destination } from '../../domain/trip/trip.ts'
import type { StandingHospital } from '../../protocol/reference.ts'

/** More are left aside, the last by id. */
const HOSPITALS_MAX = 1_000

export class RegionHospitals {
  #all: readonly StandingHospital[] = []

  get all(): readonly StandingHospital[] {
    return this.#all
  }

  /** As a trip keeps it. */
  destination(hospitalId: string): Destination | undefined {
    const found = this.#all.find(hospital => hospital.hospitalId === hospitalId)
    if (found === undefined) return undefined
    const { name, lonDeg, latDeg } = found
    return { hospitalId, name, lonDeg, latDeg }
  }

  take(hospitals: readonly StandingHospital[]): void {
    this.#all = hospitals.slice(0, HOSPITALS_MAX)
  }
}
