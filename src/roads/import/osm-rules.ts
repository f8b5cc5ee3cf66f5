/** Which ways of OpenStreetMap an ambulance drives, which way round, and how fast. */
import type { OsmTags } from './osm-elements.ts'

export interface OsmRules {
  /** Kilometres an hour by the value of `highway`, where no limit is given. Other values are no roads. */
  readonly defaultKmh: ReadonlyMap<string, number>
  /** What stands in the way of others, and not of an emergency vehicle. */
  readonly barriersPassed: ReadonlySet<string>
  /** Driven on average, with lights and corners, as a share of the limit. */
  readonly shareOfLimit: number
  /** How much faster with lights and siren. */
  readonly sirenFactor: number
}

export const USUAL_OSM_RULES: OsmRules = {
  defaultKmh: new Map([
    ['motorway', 100],
    ['motorway_link', 60],
    ['trunk', 80],
    ['trunk_link', 50],
    ['primary', 50],
    ['primary_link', 40],
    ['secondary', 50],
    ['secondary_link', 40],
    ['tertiary', 50],
    ['tertiary_link', 40],
    ['unclassified', 40],
    ['residential', 30],
    ['road', 30],
    ['living_street', 10],
    ['service', 15],
  ]),
  barriersPassed: new Set([
    ...['border_control', 'bump_gate', 'cattle_grid', 'chain', 'entrance', 'gate', 'height_restrictor', 'kerb'],
    ...['lift_gate', 'no', 'rising_bollard', 'sally_port', 'sliding_gate', 'swing_gate', 'toll_booth', 'wicket_gate'],
  ]),
  shareOfLimit: 0.7,
  sirenFactor: 4 / 3,
}

export interface DrivenWay {
  readonly roadClass: string
  readonly kmh: number
  /** 1 along its nodes, -1 against them, 0 both. */
  readonly direction: -1 | 0 | 1
  readonly name: string
  readonly isThrough: boolean
}

/** A reason for a way that is not driven; null for one that is no road at all. */
export function drivenWay(tags: OsmTags, rules: OsmRules): DrivenWay | string | null {
  const highway = tags.get('highway')
  if (highway === undefined) return null
  const usualKmh = rules.defaultKmh.get(highway)
  if (usualKmh === undefined) return 'is no road that vehicles drive'
  if (tags.get('area') === 'yes') return 'is an area'
  if (isClosed(tags)) return 'is closed to vehicles'
  const direction = directionOf(highway, tags)
  if (direction === null) return 'changes its direction by the hour'
  return {
    roadClass: highway,
    kmh: (limitOf(tags) ?? usualKmh) * rules.shareOfLimit,
    direction,
    name: tags.get('name') ?? tags.get('ref') ?? '',
    isThrough: highway === 'motorway' || highway === 'motorway_link',
  }
}

/** Whether a node is passed: what stands there lets emergency vehicles through. */
export function isPassed(tags: OsmTags, rules: OsmRules): boolean {
  const barrier = tags.get('barrier')
  return barrier === undefined || rules.barriersPassed.has(barrier) || isForEmergencies(tags)
}

const isForEmergencies = (tags: OsmTags): boolean =>
  ['yes', 'designated', 'official'].includes(tags.get('emergency') ?? '')

/** By the most particular word. A private road is one on which people live. */
function isClosed(tags: OsmTags): boolean {
  if (isForEmergencies(tags)) return false
  if (tags.get('emergency') === 'no') return true
  const word = ['motor_vehicle', 'vehicle', 'access'].map(key => tags.get(key)).find(each => each !== undefined)
  return word === 'no'
}

function directionOf(highway: string, tags: OsmTags): -1 | 0 | 1 | null {
  const word = tags.get('oneway')
  if (word === 'yes' || word === '1' || word === 'true') return 1
  if (word === '-1' || word === 'reverse') return -1
  if (word === 'reversible' || word === 'alternating') return null
  if (word !== undefined) return 0
  const isRound = ['roundabout', 'circular'].includes(tags.get('junction') ?? '')
  return isRound || highway === 'motorway' || highway === 'motorway_link' ? 1 : 0
}

/** Null where the limit is not said in numbers. */
function limitOf(tags: OsmTags): number | null {
  const found = /^(\d{1,3}(?:\.\d+)?)\s*(mph|km\/h|kmh)?$/.exec(tags.get('maxspeed')?.trim() ?? '')
  if (found === null) return null
  const kmh = Number(found[1]) * (found[2] === 'mph' ? 1.609_344 : 1)
  return kmh >= 5 && kmh <= 150 ? kmh : null
}
