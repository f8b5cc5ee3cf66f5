/** A day of vehicles, in the form in which the cabs of San Francisco are told: real ones from a file, or a few made up. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { Dice } from '../../fuzz/dice.ts'

export interface Seen {
  readonly atMs: number
  readonly lonDeg: number
  readonly latDeg: number
}

/** What each vehicle reported, in the order of time. */
export type CabDay = ReadonlyMap<string, readonly Seen[]>

/** Input: a CSV of `unix_s,cab_id,lon,lat,occupied`, ordered by time, packed by gzip. */
export function readCabs(file: string): CabDay {
  const day = new Map<string, Seen[]>()
  for (const line of gunzipSync(readFileSync(file)).toString().split('\n').slice(1)) {
    const [unixS, cab, lon, lat] = line.split(',')
    if (cab === undefined) continue
    const seen = { atMs: Number(unixS) * 1_000, lonDeg: Number(lon), latDeg: Number(lat) }
    const all = day.get(cab)
    if (all === undefined) day.set(cab, [seen])
    else all.push(seen)
  }
  return day
}

/** Vehicles that drive about, and now and then are said to be somewhere else for a while. */
export function madeUpCabs(dice: Dice, cabs: number, hours: number): CabDay {
  const day = new Map<string, Seen[]>()
  for (let cab = 0; cab < cabs; cab++) {
    const all: Seen[] = []
    let [northM, away, jumpM] = [0, 0, 0]
    for (let s = dice.below(60); s < hours * 3_600; s += 20 + dice.below(60)) {
      northM += (dice.below(1_200) - 600) * (dice.oneIn(3) ? 0 : 1)
      if (away > 0) away -= 1
      else if (dice.oneIn(40)) [away, jumpM] = [1 + dice.below(6), 20_000 + dice.below(80_000)]
      const latDeg = 37.75 + (northM + (away > 0 ? jumpM : 0)) / 111_195
      all.push({ atMs: 1_212_148_800_000 + s * 1_000, lonDeg: -122.4, latDeg: Math.round(latDeg * 1e7) / 1e7 })
    }
    day.set(`cab${cab}`, all)
  }
  return day
}
