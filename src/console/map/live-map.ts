/** The map itself: MapLibre over the region's own roads. It is loaded after the board, which works without it. */
import { type GeoJSONSource, Map as GlMap, type MapMouseEvent, setWorkerUrl } from 'maplibre-gl'
import { placeInDegrees } from '../../client/index.ts'
import { isDark, themeChanges } from '../frame/theme.ts'
import { every, monotonicMs } from '../passing-time.ts'
import type { Shift } from '../shift.ts'
import { t } from '../strings.ts'
import { boardData, linkData, unitData } from './map-data.ts'
import { coloursOf, mapImages, RATIO } from './map-images.ts'
import { type SourceName, styleOf } from './map-style.ts'

/** How often units are moved, by how many there are: a full city is drawn less often than a small one, and one that stands least. */
function paceMs(fleet: Shift['fleet']): number {
  if (fleet.size > 300) return fleet.size <= 2_000 ? 300 : STILL_MS
  return [...fleet].some(({ speedMps, freshness }) => freshness === 'fresh' && (speedMps ?? 0) > 0) ? 100 : STILL_MS
}
const STILL_MS = 1_000
const FIT = { padding: 40, maxZoom: 15, duration: 0 } as const
/** How near to a mark a click has to be. */
const REACH_PX = 8

/** Errors: throws where the browser has no WebGL 2. */
export class LiveMap {
  readonly #shift: Shift
  readonly #container: HTMLElement
  readonly #map: GlMap
  readonly #stops: (() => void)[] = []
  #roads: number | null = null
  #isReady = false
  #isFitted = false
  #movedAtMs = 0

  constructor(container: HTMLElement, shift: Shift) {
    this.#shift = shift
    this.#container = container
    setWorkerUrl(document.querySelector<HTMLMetaElement>('meta[name=map-worker]')!.content)
    this.#map = new GlMap({
      container,
      style: styleOf(coloursOf(container), null),
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      maxZoom: 18,
      center: [0, 20],
      zoom: 1.5,
      transformRequest: url => this.#request(url),
    })
    this.#map.touchZoomRotate.disableRotation()
    this.#map.keyboard.disableRotation()
    this.#map.getCanvas().setAttribute('aria-label', t.map.label)
    this.#map.on('style.load', () => this.#styled())
    this.#map.on('moveend', () => this.#look())
    this.#map.on('click', event => this.#clicked(event))
    this.#map.on('error', ({ error }) => console.warn('map:', error.message))
    this.#stops.push(
      shift.changes.on(() => this.#boardChanged()),
      shift.choices.on(() => this.#choiceChanged()),
      themeChanges.on(() => this.#restyle()),
      every(50, () => this.#tick()),
    )
    this.#boardChanged()
  }

  destroy(): void {
    for (const stop of this.#stops) stop()
    this.#map.remove()
  }

  zoom(by: 1 | -1): void {
    if (by > 0) this.#map.zoomIn()
    else this.#map.zoomOut()
  }

  /** Shows the region: its roads, or else its units and hospitals. */
  fit(): void {
    const { bounds } = this.#shift.roads
    if (bounds !== null) {
      const { westDeg, southDeg, eastDeg, northDeg } = bounds
      this.#map.fitBounds([westDeg, southDeg, eastDeg, northDeg], FIT)
      return
    }
    const places = placesOf(this.#shift)
    if (places.length === 0) return
    const [lons, lats] = [places.map(({ lonDeg }) => lonDeg), places.map(({ latDeg }) => latDeg)]
    this.#map.fitBounds([Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)], FIT)
  }

  /** The map's own requests are let in like all others. Errors: as the sign-in's; the tile is then asked for again. */
  async #request(url: string): Promise<{ url: string; headers?: Record<string, string> }> {
    if (!url.startsWith(`${location.origin}/v1/`)) return { url }
    return { url, headers: { ...(await this.#shift.reads.authorization()) } }
  }

  #restyle(): void {
    this.#isReady = false
    this.#map.setStyle(styleOf(coloursOf(this.#container), this.#tiles()), { diff: false })
  }

  #tiles(): string | null {
    const { version } = this.#shift.roads
    return version === null ? null : this.#shift.reads.roadTiles(this.#shift.region, version)
  }

  #styled(): void {
    for (const { name, image } of mapImages(coloursOf(this.#container))) {
      if (!this.#map.hasImage(name)) this.#map.addImage(name, image, { pixelRatio: RATIO })
    }
    this.#container.dataset.theme = isDark() ? 'dark' : 'light'
    this.#isReady = true
    this.#boardChanged()
    this.#look()
    this.#move(this.#shift.nowMs())
  }

  #boardChanged(): void {
    const { version } = this.#shift.roads
    if (version !== this.#roads) {
      this.#roads = version
      this.#restyle()
    }
    if (!this.#isFitted && this.#shift.board.position !== null) {
      this.#isFitted = this.#shift.roads.bounds !== null || placesOf(this.#shift).length > 0
      this.fit()
    }
    if (!this.#isReady) return
    for (const [name, data] of Object.entries(boardData(this.#shift))) this.#set(name as SourceName, data)
  }

  /** What was chosen comes into sight. */
  #choiceChanged(): void {
    this.#boardChanged()
    const place = this.#shift.place ?? this.#shift.selectedPlace()
    if (place === null) return
    const at: [number, number] = [place.lonDeg, place.latDeg]
    if (!this.#map.getBounds().contains(at)) this.#map.easeTo({ center: at })
  }

  #tick(): void {
    const nowMs = monotonicMs()
    const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches
    const pace = isStill ? STILL_MS : paceMs(this.#shift.fleet)
    if (!this.#isReady || document.hidden || nowMs - this.#movedAtMs < pace) return
    this.#movedAtMs = nowMs
    this.#move(this.#shift.nowMs())
  }

  #move(nowMs: number): void {
    this.#set('units', unitData(this.#shift, nowMs))
    this.#set('links', linkData(this.#shift, nowMs))
  }

  #set(name: SourceName, data: Parameters<GeoJSONSource['setData']>[0]): void {
    void this.#map.getSource<GeoJSONSource>(name)?.setData(data)
  }

  /** Tells the fleet where the map looks. */
  #look(): void {
    const bounds = this.#map.getBounds()
    const { lng, lat } = this.#map.getCenter()
    this.#shift.centre = { lonDeg: lng, latDeg: lat }
    const clamp = (value: number) => Math.max(-85, Math.min(85, value))
    this.#shift.look({
      ...{ westDeg: bounds.getWest(), eastDeg: bounds.getEast() },
      ...{ southDeg: clamp(bounds.getSouth()), northDeg: clamp(bounds.getNorth()) },
    })
  }

  #clicked({ point, lngLat }: MapMouseEvent): void {
    if (this.#shift.panel.is === 'call') {
      this.#shift.takePlace({ lonDeg: lngLat.lng, latDeg: lngLat.lat })
      return
    }
    const { x, y } = point
    const box: [[number, number], [number, number]] = [
      [x - REACH_PX, y - REACH_PX],
      [x + REACH_PX, y + REACH_PX],
    ]
    const [met] = this.#map.queryRenderedFeatures(box, { layers: ['trips', 'units'] })
    const { tripId, unitId } = (met?.properties ?? {}) as { tripId?: string; unitId?: string }
    const found = tripId ?? (unitId === undefined ? null : this.#shift.board.units.get(unitId)?.tripId)
    if (found !== null && found !== undefined && this.#shift.board.trips.has(found)) {
      this.#shift.open({ is: 'trip', tripId: found })
    }
  }
}

/** Where anything of the region is. */
function placesOf({ board, hospitals, fleet }: Shift): { readonly lonDeg: number; readonly latDeg: number }[] {
  const fixes = [...board.units.values()].flatMap(({ fix }) => (fix === null ? [] : [fix]))
  return [...fleet, ...hospitals, ...fixes.map(placeInDegrees), ...[...board.trips.values()].map(placeInDegrees)]
}
