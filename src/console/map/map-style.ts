/** The map's own style: roads by what they matter, then links, hospitals, trips and units. Nothing is loaded from elsewhere. */
import type { LayerSpecification, StyleSpecification } from 'maplibre-gl'
import type { Colours } from './map-images.ts'

const NOTHING = { type: 'FeatureCollection', features: [] } as const
const data = () => ({ type: 'geojson', data: NOTHING }) as const
const SOURCES = ['links', 'hospitals', 'trips', 'units', 'selected', 'place'] as const
export type SourceName = (typeof SOURCES)[number]

/** Text is drawn with what the device has: a style without glyphs makes the map do so. */
const FONT = ['sans-serif']

/** Pixels of a road's width by zoom, from motorways to streets. */
const WIDTHS: readonly (readonly [number, number])[] = [
  [1.2, 10],
  [0.9, 8],
  [0.7, 7],
  [0.5, 5.5],
  [0.3, 4],
]

/** Input: where tiles of roads are; null without any. */
export function styleOf(colours: Colours, roadTiles: string | null): StyleSpecification {
  return {
    version: 8,
    sources: {
      ...Object.fromEntries(SOURCES.map(name => [name, data()])),
      ...(roadTiles === null ? {} : { roads: { type: 'vector', tiles: [roadTiles], minzoom: 6, maxzoom: 14 } }),
    },
    layers: [
      { id: 'ground', type: 'background', paint: { 'background-color': colours('--map-ground') } },
      ...(roadTiles === null ? [] : [4, 3, 2, 1, 0].map(level => roadLayer(level, colours))),
      ...overlays(colours),
    ],
  }
}

function roadLayer(level: number, colours: Colours): LayerSpecification {
  const [thin, wide] = WIDTHS[level]!
  return {
    id: `road-${level}`,
    type: 'line',
    source: 'roads',
    'source-layer': 'roads',
    filter: ['==', ['get', 'level'], level],
    layout: { 'line-cap': 'round', 'line-join': 'round' },
    paint: {
      'line-color': colours(`--map-road-${level}`),
      'line-width': ['interpolate', ['exponential', 1.5], ['zoom'], 9, thin, 17, wide],
    },
  }
}

function overlays(colours: Colours): LayerSpecification[] {
  const text = { 'text-color': colours('--map-text'), 'text-halo-color': colours('--map-halo'), 'text-halo-width': 1.6 }
  const offset: [number, number] = [0, 0.95]
  const label = { 'text-font': FONT, 'text-size': 12, 'text-anchor': 'top' as const, 'text-offset': offset }
  const always = { 'icon-allow-overlap': true, 'icon-ignore-placement': true } as const
  return [
    {
      id: 'links',
      type: 'line',
      source: 'links',
      paint: { 'line-color': colours('--map-link'), 'line-width': 1.5, 'line-dasharray': [2, 2] },
    },
    {
      id: 'selected',
      type: 'circle',
      source: 'selected',
      paint: {
        'circle-radius': 19,
        'circle-color': 'transparent',
        'circle-stroke-width': 3,
        'circle-stroke-color': colours('--accent-strong'),
      },
    },
    {
      id: 'hospitals',
      type: 'symbol',
      source: 'hospitals',
      layout: {
        ...always,
        ...label,
        'icon-image': ['get', 'image'],
        'text-field': ['step', ['zoom'], '', 12, ['get', 'name']],
        'text-optional': true,
      },
      paint: text,
    },
    { id: 'trips', type: 'symbol', source: 'trips', layout: { ...always, 'icon-image': ['get', 'image'] } },
    {
      id: 'headings',
      type: 'symbol',
      source: 'units',
      filter: ['has', 'heading'],
      layout: {
        ...always,
        'icon-image': 'heading',
        'icon-rotate': ['get', 'heading'],
        'icon-rotation-alignment': 'map',
      },
    },
    {
      id: 'units',
      type: 'symbol',
      source: 'units',
      layout: {
        ...always,
        ...label,
        'icon-image': ['get', 'image'],
        'text-field': ['step', ['zoom'], '', 10.5, ['get', 'label']],
        'text-optional': true,
        'symbol-sort-key': ['get', 'order'],
      },
      paint: text,
    },
    { id: 'place', type: 'symbol', source: 'place', layout: { ...always, 'icon-image': 'place' } },
  ]
}
