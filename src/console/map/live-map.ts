/** The map itself: MapLibre over the region's own roads. It is loaded after the board, which works without it. */
import { type GeoJSONSource, Map as GlMap, type MapMouseEvent, setWorkerUrl } from 'maplibre-gl'
import { type Bounds, placeInDegrees } from '../../client/index.ts'
import { isDark, themeChanges } from '../frame/theme.ts'
import { every, monotonicMs } from '../passing-time.ts'
import type { Shift } from '../shift.ts'
import { t } from '../strings.ts'
import { boardData, emergencyData, labelData, linkData, reachData, trackData, unitMarksOf } from './map-data.ts'
import { coloursOf, mapImages, RATIO } from './map-images.ts'
import { BELOW_LABELS, type SourceName, styleOf } from './map-style.ts'
import { UnitLayer } from './unit-layer.ts'

/** The fastest that a vehicle goes in a city, for how often the map is drawn. */
const FAST_MPS = 20
const FRAME_MS = 33
const STILL_MS = 1_000
/** New fixes come each quarter of a second; of a whole city they may wait for more of them. */
const FIXES_MS = { few: 250, many: 1_000 } as const
const FEW = 2_000
const CROWD_ZOOM = 13
const CROWD_SCALE = 0.55
const FIT = { padding: 40, maxZoom: 15, duration: 0 } as const
/** How near to a mark a click has to be. */
const REACH_PX = 8

/** Errors: throws where the browser has no WebGL 2. */
export class LiveMap {
  readonly #shift: Shift
  readonly #container: HTMLElement
  readonly #map: GlMap
  readonly #stops: (() => void)[] = []
  /** Which roads are drawn, and what lies under them. */
  #ground = `${null} ${undefined}`
  #reach = -1
  #isReady = false
  #isFitted = false
  #units: UnitLayer | null = null
  #haveUnitsChanged = true
  #shownAtMs = 0
  #drawnAtMs = 0

  constructor(container: HTMLElement, shift: Shift) {
    this.#shift = shift
    this.#container = container
    setWorkerUrl(document.querySelector<HTMLMetaElement>('meta[name=map-worker]')!.content)
    this.#map = new GlMap({
      container,
      style: styleOf(coloursOf(container), null, null),
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
    // What was laid out for a former style may ask for its images once that has been replaced.
    this.#map.setMissingStyleImageResolver(async () => this.#addImages())
    this.#map.on('moveend', () => this.#look())
    this.#map.on('click', event => this.#clicked(event))
    this.#map.on('error', ({ error }) => console.warn('map:', error.message))
    this.#stops.push(
      shift.changes.on(() => this.#boardChanged()),
      shift.choices.on(() => this.#choiceChanged()),
      shift.coverage.changes.on(() => this.#coverageChanged()),
      shift.track.changes.on(() => this.#isReady && this.#set('track', trackData(shift))),
      themeChanges.on(() => this.#restyle()),
      shift.fleet.onChanged(() => {
        this.#haveUnitsChanged = true
      }),
      every(FRAME_MS, () => this.#tick()),
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
    this.#map.setStyle(
      styleOf(coloursOf(this.#container), this.#tiles(), this.#shift.roads.background?.tiles ?? null),
      { diff: false },
    )
  }

  #tiles(): string | null {
    const { version } = this.#shift.roads
    return version === null ? null : this.#shift.reads.roadTiles(this.#shift.region, version)
  }

  #addImages(): void {
    for (const { name, image } of mapImages(coloursOf(this.#container))) {
      if (!this.#map.hasImage(name)) this.#map.addImage(name, image, { pixelRatio: RATIO })
    }
  }

  #styled(): void {
    const colours = coloursOf(this.#container)
    this.#units = new UnitLayer(() => this.#shift.nowMs(), colours)
    this.#map.addLayer(this.#units, BELOW_LABELS)
    this.#addImages()
    this.#container.dataset.theme = isDark() ? 'dark' : 'light'
    this.#isReady = true
    this.#reach = -1
    this.#coverageChanged()
    this.#boardChanged()
    this.#look()
    this.#showUnits(this.#shift.nowMs())
  }

  #boardChanged(): void {
    const { version, background } = this.#shift.roads
    const shown = `${version} ${background?.tiles}`
    if (shown !== this.#ground) {
      this.#ground = shown
      this.#restyle()
    }
    if (!this.#isFitted && this.#shift.board.position !== null) {
      this.#isFitted = this.#shift.roads.bounds !== null || placesOf(this.#shift).length > 0
      this.fit()
    }
    if (!this.#isReady) return
    for (const [name, data] of Object.entries(boardData(this.#shift))) this.#set(name as SourceName, data)
  }

  #coverageChanged(): void {
    const { edition } = this.#shift.coverage
    if (!this.#isReady || edition === this.#reach) return
    this.#reach = edition
    this.#set('reach', reachData(this.#shift))
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
    if (!this.#isReady || document.hidden) return
    const nowMs = monotonicMs()
    const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches
    const { fleet } = this.#shift
    const fixesMs = isStill ? STILL_MS : fleet.size <= FEW ? FIXES_MS.few : FIXES_MS.many
    // Ages grow and links move without a new fix, too.
    if (nowMs - this.#shownAtMs >= (this.#haveUnitsChanged ? fixesMs : STILL_MS)) {
      this.#shownAtMs = nowMs
      this.#showUnits(this.#shift.nowMs())
    }
    if (isStill || fleet.size === 0 || nowMs - this.#drawnAtMs < this.#frameMs()) return
    this.#drawnAtMs = nowMs
    this.#map.triggerRepaint()
  }

  /** As long as a fast vehicle takes for half a pixel. */
  #frameMs(): number {
    const mPerPx = (156_543 * Math.cos((this.#map.getCenter().lat * Math.PI) / 180)) / 2 ** (this.#map.getZoom() + 1)
    return Math.max(FRAME_MS, Math.min(STILL_MS, (500 * mPerPx) / FAST_MPS))
  }

  /** A crowd that would cover its own map is drawn smaller. */
  #scale(): number {
    return this.#shift.fleet.size > FEW && this.#map.getZoom() < CROWD_ZOOM ? CROWD_SCALE : 1
  }

  #showUnits(nowMs: number): void {
    this.#haveUnitsChanged = false
    if (this.#units !== null) this.#units.scale = this.#scale()
    this.#container.dataset.units = String(this.#shift.fleet.size)
    this.#units?.show(unitMarksOf(this.#shift))
    this.#set('labels', labelData(this.#shift, nowMs, this.#bounds()))
    this.#set('links', linkData(this.#shift, nowMs))
    this.#set('emergencies', emergencyData(this.#shift, nowMs))
    this.#map.triggerRepaint()
  }

  #set(name: SourceName, data: Parameters<GeoJSONSource['setData']>[0]): void {
    void this.#map.getSource<GeoJSONSource>(name)?.setData(data)
  }

  #bounds(): Bounds {
    const bounds = this.#map.getBounds()
    const clamp = (value: number) => Math.max(-85, Math.min(85, value))
    return {
      ...{ westDeg: bounds.getWest(), eastDeg: bounds.getEast() },
      ...{ southDeg: clamp(bounds.getSouth()), northDeg: clamp(bounds.getNorth()) },
    }
  }

  /** Tells the fleet where the map looks. */
  #look(): void {
    const { lng, lat } = this.#map.getCenter()
    this.#shift.centre = { lonDeg: lng, latDeg: lat }
    this.#shift.look(this.#bounds())
    this.#haveUnitsChanged = true
  }

  #clicked({ point, lngLat }: MapMouseEvent): void {
    if (this.#shift.isPlacing) {
      this.#shift.takePlace({ lonDeg: lngLat.lng, latDeg: lngLat.lat })
      return
    }
    const { x, y } = point
    const box: [[number, number], [number, number]] = [
      [x - REACH_PX, y - REACH_PX],
      [x + REACH_PX, y + REACH_PX],
    ]
    const [met] = this.#map.queryRenderedFeatures(box, { layers: ['trips'] })
    const tripId = (met?.properties as { tripId?: string } | undefined)?.tripId ?? this.#tripOfUnitAt(point)
    if (tripId !== null && this.#shift.board.trips.has(tripId)) this.#shift.open({ is: 'trip', tripId })
  }

  /** The trip of the unit that is drawn nearest to there. */
  #tripOfUnitAt({ x, y }: { readonly x: number; readonly y: number }): string | null {
    const { fleet, board } = this.#shift
    const nowMs = this.#shift.nowMs()
    let [nearest, nearestPx]: [string | null, number] = [null, REACH_PX]
    for (const { unitId } of fleet) {
      const { lonDeg, latDeg } = fleet.positionAt(unitId, nowMs)!
      const at = this.#map.project([lonDeg, latDeg])
      const px = Math.hypot(at.x - x, at.y - y)
      if (px <= nearestPx) [nearest, nearestPx] = [unitId, px]
    }
    return nearest === null ? null : (board.units.get(nearest)?.tripId ?? null)
  }
}

/** Where anything of the region is. */
function placesOf({ board, hospitals, fleet }: Shift): { readonly lonDeg: number; readonly latDeg: number }[] {
  const fixes = [...board.units.values()].flatMap(({ fix }) => (fix === null ? [] : [fix]))
  return [...fleet, ...hospitals, ...fixes.map(placeInDegrees), ...[...board.trips.values()].map(placeInDegrees)]
}
