/** Fresh ids for calls, trips and offers; replaced by a seeded source where a run must repeat. */
import { nanoid } from 'nanoid'
import type { RegionId } from '../domain/ids.ts'

/** `<region>.<nanoid>`: the region leads, so that a bare id routes. */
export function newRoutedId(region: RegionId): string {
  return `${region}.${nanoid()}`
}
