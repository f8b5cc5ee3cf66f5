/** The lines of a network as vector tiles, read by the library that maps read them with. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VectorTile } from '@mapbox/vector-tile'
import { PbfReader } from 'pbf'
import { generatedCity } from '../../src/roads/city.ts'
import { LINES_MAX, RoadLines } from '../../src/roads/lines/road-lines.ts'
import { encodeLines } from '../../src/roads/lines/vector-tile.ts'
import { seeded } from '../../tools/shared/random.ts'

const CENTRE = { lonDeg: 174.76, latDeg: -36.8775 }
const outcome = generatedCity({ centre: CENTRE, columns: 30, rows: 30, random: seeded(3) })
assert.ok(outcome.ok)
const { graph } = outcome
const lines = new RoadLines(graph)
const noPause = () => Promise.resolve()

const columnOf = (lonDeg: number, zoom: number) => Math.floor(((lonDeg + 180) / 360) * 2 ** zoom)
const rowOf = (latDeg: number, zoom: number) =>
  Math.floor(((1 - Math.asinh(Math.tan((latDeg * Math.PI) / 180)) / Math.PI) / 2) * 2 ** zoom)
const tileOver = (zoom: number) => ({ zoom, x: columnOf(CENTRE.lonDeg, zoom), y: rowOf(CENTRE.latDeg, zoom) })

async function roadsIn(zoom: number) {
  const tile = tileOver(zoom)
  const { layers } = new VectorTile(new PbfReader(await lines.tile(tile, noPause)))
  const layer = layers.roads!
  const features = Array.from({ length: layer.length }, (_, index) => layer.feature(index))
  return { layer, features, tile }
}

test('a tile holds what passes through it, in its own coordinates, and each line where the network has it', async () => {
  const { layer, features, tile } = await roadsIn(14)
  assert.equal(layer.extent, 4096)
  const levels = features.map(({ properties }) => properties.level)
  assert.deepEqual(
    levels,
    [...levels].sort((a, b) => Number(b) - Number(a)),
    'important roads are drawn last, so on top',
  )
  const ends = new Set<string>()
  for (let node = 0; node < graph.nodeCount; node++) {
    const [lon, lat] = [graph.lonDeg[node]!, graph.latDeg[node]!]
    ends.add(`${lon.toFixed(3)} ${lat.toFixed(3)}`)
  }
  let met = 0
  let points = 0
  for (const feature of features) {
    const { geometry } = feature.toGeoJSON(tile.x, tile.y, tile.zoom)
    const { coordinates } = geometry as { coordinates: number[][] | number[][][] }
    const parts = geometry.type === 'LineString' ? [coordinates] : coordinates
    for (const [lon, lat] of (parts as number[][][]).flat()) {
      points += 1
      if (ends.has(`${lon!.toFixed(3)} ${lat!.toFixed(3)}`)) met += 1
    }
    for (const { x, y } of feature.loadGeometry().flat()) {
      assert.ok(x >= -64 && x <= 4160 && y >= -64 && y <= 4160, `${x} ${y} lies outside`)
    }
  }
  // Lines that the edge cuts end between crossings.
  assert.ok(points > 500 && met > points * 0.8, `${met} of ${points} points are crossings`)
})

test('further out there are the more important roads alone, and never more lines than a tile may have', async () => {
  const levelsAt = async (zoom: number) => (await roadsIn(zoom)).features.map(({ properties }) => properties.level)
  assert.deepEqual(await levelsAt(8), [0])
  assert.deepEqual(await levelsAt(10), [1, 0])
  assert.deepEqual(await levelsAt(11), [2, 1, 0])
  for (const zoom of [12, 13, 14]) {
    const { features } = await roadsIn(zoom)
    const count = features.reduce((sum, feature) => sum + feature.loadGeometry().length, 0)
    assert.ok(count > 0 && count <= LINES_MAX)
  }
})

test('of both ways of a road one is drawn, and where no road is there is no feature', async () => {
  const { features } = await roadsIn(13)
  const drawn = features.flatMap(feature => feature.loadGeometry().map(line => line.map(({ x, y }) => `${x},${y}`)))
  const undirected = drawn.map(line => [line.join(' '), line.toReversed().join(' ')].sort()[0])
  assert.equal(new Set(undirected).size, undirected.length)
  const empty = await lines.tile({ zoom: 12, x: 0, y: 0 }, noPause)
  assert.equal(new VectorTile(new PbfReader(empty)).layers.roads, undefined)
})

test('numbers of any size and sign come back as they were', () => {
  const line = [0, 0, 4096, -64, -64, 4160, 127, 128, 300, 70_000]
  const { layers } = new VectorTile(new PbfReader(encodeLines('roads', [{ level: 300, lines: [line, line] }])))
  const feature = layers.roads!.feature(0)
  assert.equal(feature.properties.level, 300)
  assert.deepEqual(
    feature.loadGeometry().map(part => part.flatMap(({ x, y }) => [x, y])),
    [line, line],
  )
})
