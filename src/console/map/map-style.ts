/** The map's own style: roads by what they matter, then links, hospitals, trips and units. Nothing is loaded from elsewhere. */
import type { FilterSpecification, LayerSpecification, LineLayerSpecification, StyleSpecification } from 'maplibre-gl'
import type { Colours } from './map-images.ts'

const NOTHING = { type: 'FeatureCollection', features: [] } as const
const data = () => ({ type: 'geojson', data: NOTHING }) as const
const SOURCES = [
  ...([
    'reach',
    'links',
    'route',
    'track',
    'stations',
    'hospitals',
    'trips',
    'labels',
    'selected',
    'emergencies',
    'place',
  ] as const),
] as const
export type SourceName = (typeof SOURCES)[number]

/** The layer below which the units are drawn. */
export const BELOW_LABELS = 'labels'

/** Text is drawn with what the device has: a style without glyphs makes the map do so. */
const FONT = ['sans-serif']

const ROUND = { 'line-cap': 'round', 'line-join': 'round' } as const
type LineWidth = NonNullable<LineLayerSpecification['paint']>['line-width']

/** Pixels of a road's width by zoom, from motorways to streets. */
const WIDTHS: readonly (readonly [number, number])[] = [
  [1.2, 10],
  [0.9, 8],
  [0.7, 7],
  [0.5, 5.5],
  [0.3, 4],
]

/** Input: where tiles of roads are, and pictures of the land to lie under them; null without any. */
export function styleOf(colours: Colours, roadTiles: string | null, pictures: string | null): StyleSpecification {
  return {
    version: 8,
    sources: {
      ...Object.fromEntries(SOURCES.map(name => [name, data()])),
      ...(pictures === null ? {} : { land: { type: 'raster', tiles: [pictures], tileSize: 256, maxzoom: 18 } }),
      ...(roadTiles === null ? {} : { roads: { type: 'vector', tiles: [roadTiles], minzoom: 6, maxzoom: 14 } }),
    },
    layers: [
      { id: 'ground', type: 'background', paint: { 'background-color': colours('--map-ground') } },
      ...(pictures === null ? [] : [LAND]),
      ...reachLayers(colours),
      ...(roadTiles === null ? [] : [4, 3, 2, 1, 0].map(level => roadLayer(level, colours))),
      ...overlays(colours),
    ],
  }
}

/** Paler than it comes: units and trips are what is to be seen. */
const LAND: LayerSpecification = {
  id: 'land',
  type: 'raster',
  source: 'land',
  paint: { 'raster-opacity': 0.6, 'raster-saturation': -0.5 },
}

function roadLayer(level: number, colours: Colours): LayerSpecification {
  const [thin, wide] = WIDTHS[level]!
  return {
    id: `road-${level}`,
    type: 'line',
    source: 'roads',
    'source-layer': 'roads',
    filter: ['==', ['get', 'level'], level],
    layout: ROUND,
    paint: {
      'line-color': colours(`--map-road-${level}`),
      'line-width': ['interpolate', ['exponential', 1.5], ['zoom'], 9, thin, 17, wide],
    },
  }
}

/** Below the roads: what is reached shines through from under them. */
function reachLayers(colours: Colours): LayerSpecification[] {
  const width: LineWidth = ['interpolate', ['exponential', 1.5], ['zoom'], 9, 3, 13, 7, 17, 22]
  const paint = { 'line-color': colours('--map-reach'), 'line-width': width }
  const isArea: FilterSpecification = ['==', ['get', 'is'], 'area']
  return [
    {
      id: 'reach-area',
      type: 'fill',
      source: 'reach',
      filter: isArea,
      paint: { 'fill-color': colours('--map-reach') },
    },
    { id: 'reach', type: 'line', source: 'reach', filter: ['!', isArea], layout: ROUND, paint },
  ]
}

/** A way along the roads is whole, a straight line in its place is broken; each stands out from the roads below. */
function wayLayers(source: 'route' | 'track', colour: string, colours: Colours): LayerSpecification[] {
  const isStraight: FilterSpecification = ['==', ['get', 'basis'], 'straight-line']
  const line = { 'line-color': colour, 'line-width': 4 }
  return [
    {
      id: `${source}-edge`,
      type: 'line',
      source,
      filter: ['!', isStraight],
      layout: ROUND,
      paint: { 'line-color': colours('--map-halo'), 'line-width': 7 },
    },
    { id: source, type: 'line', source, filter: ['!', isStraight], layout: ROUND, paint: line },
    {
      id: `${source}-straight`,
      type: 'line',
      source,
      filter: isStraight,
      paint: { ...line, 'line-width': 2.5, 'line-dasharray': [2, 2] },
    },
  ]
}

/** Around who calls for help, and around the open trip. */
function rings(colours: Colours): LayerSpecification[] {
  const ring = (source: 'emergencies' | 'selected', radius: number, width: number, colour: string) => ({
    ...({ id: source, type: 'circle', source } as const),
    paint: {
      ...{ 'circle-radius': radius, 'circle-color': 'transparent' },
      ...{ 'circle-stroke-width': width, 'circle-stroke-color': colours(colour) },
    },
  })
  return [ring('emergencies', 24, 5, '--bad'), ring('selected', 19, 3, '--accent-strong')]
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
    ...wayLayers('track', colours('--map-track'), colours),
    ...wayLayers('route', colours('--map-link'), colours),
    ...rings(colours),
    ...(['stations', 'hospitals'] as const).map(
      (source): LayerSpecification => ({
        id: source,
        type: 'symbol',
        source,
        layout: {
          ...always,
          ...label,
          'icon-image': ['get', 'image'],
          'text-field': ['step', ['zoom'], '', 12, ['get', 'name']],
          'text-optional': true,
        },
        paint: text,
      }),
    ),
    { id: 'trips', type: 'symbol', source: 'trips', layout: { ...always, 'icon-image': ['get', 'image'] } },
    {
      id: BELOW_LABELS,
      type: 'symbol',
      source: 'labels',
      layout: { ...label, 'text-field': ['step', ['zoom'], '', 10.5, ['get', 'label']] },
      paint: text,
    },
    {
      id: 'track-at',
      type: 'circle',
      source: 'track',
      filter: ['==', ['geometry-type'], 'Point'],
      paint: {
        'circle-radius': 8,
        'circle-color': colours('--map-track'),
        'circle-stroke-width': 3,
        'circle-stroke-color': colours('--map-halo'),
      },
    },
    { id: 'place', type: 'symbol', source: 'place', layout: { ...always, 'icon-image': 'place' } },
  ]
}
