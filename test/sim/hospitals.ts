/** The hospitals of the simulated region, as its reference data has them. Crews of the city drive where they like. */

const hospital = (hospitalId: string, lonDeg: number, latDeg: number) => ({
  ...{ hospitalId, name: `Hospital ${hospitalId}`, lonDeg, latDeg, address: null },
  ...{ emergencyDepartment: true, capabilities: [], status: 'open' as const, statusNote: null, statusSinceMs: null },
})

export const HOSPITALS = [hospital('H1', 174.71, -36.9), hospital('H2', 174.76, -36.85), hospital('H3', 174.8, -36.82)]

/** One that people name, and the region does not have. */
export const NO_HOSPITAL = 'H9'

export function hospitalOf(id: string) {
  const found = HOSPITALS.find(({ hospitalId }) => hospitalId === id)
  if (found === undefined) return undefined
  const { hospitalId, name, lonDeg, latDeg } = found
  return { hospitalId, name, lonDeg, latDeg }
}
