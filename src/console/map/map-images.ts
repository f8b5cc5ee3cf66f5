/** The marks of the map, drawn once for each set of colours: units by status and freshness, trips by priority, hospitals. */
import { HOSPITAL_STATUSES, type HospitalStatus } from '../../client/index.ts'
import { shapeOf, UNIT_SHAPES } from './unit-shapes.ts'

/** What a mark is drawn with: reads a custom property of the page's style. */
export type Colours = (name: string) => string

export interface MapImage {
  readonly name: string
  readonly image: ImageData
}

/** Pixels of a mark's side, for screens of any density up to this ratio. */
export const RATIO = 2
export const UNIT_SIDE = 28
export const HEADING_SIDE = 14
const SIDE = UNIT_SIDE
const FRESHNESS = ['fresh', 'stale', 'lost'] as const
const PRIORITIES = [1, 2, 3, 4, 5] as const

/** As they are now, to be read at once: what a custom property comes to shows in a colour that is made of it. */
export function coloursOf(element: Element): Colours {
  const probe = element.appendChild(document.createElement('i'))
  const known = new Map<string, string>()
  const read = (name: string): string => {
    probe.style.color = `var(${name})`
    return getComputedStyle(probe).color
  }
  queueMicrotask(() => probe.remove())
  return name => {
    const colour = known.get(name) ?? read(name)
    known.set(name, colour)
    return colour
  }
}

/** The units', which have a layer of their own: by status and freshness. */
export const unitMarks = (colours: Colours): MapImage[] =>
  Object.keys(UNIT_SHAPES).flatMap(status => FRESHNESS.map(freshness => unitMark(status, freshness, colours)))

/** All others. */
export function mapImages(colours: Colours): MapImage[] {
  const trips = PRIORITIES.flatMap(priority => [tripMark(priority, true, colours), tripMark(priority, false, colours)])
  const hospitals = HOSPITAL_STATUSES.flatMap(status => [
    hospitalMark(true, status, colours),
    hospitalMark(false, status, colours),
  ])
  return [...trips, ...hospitals, stationMark(colours), placeMark(colours)]
}

/** An old position is paler with a broken outline, a lost one an outline alone. */
function unitMark(status: string, freshness: (typeof FRESHNESS)[number], colours: Colours): MapImage {
  const { path, colour, isHollow } = shapeOf(status)
  const image = drawn(SIDE, pen => {
    pen.translate(2, 2)
    const outline = new Path2D(path)
    const paint = colours(colour)
    pen.lineJoin = 'round'
    pen.lineWidth = 5
    pen.strokeStyle = colours('--map-halo')
    pen.stroke(outline)
    pen.globalAlpha = freshness === 'stale' ? 0.55 : 1
    pen.fillStyle = isHollow || freshness === 'lost' ? colours('--map-halo') : paint
    pen.fill(outline)
    pen.globalAlpha = 1
    pen.lineWidth = isHollow || freshness !== 'fresh' ? 2.5 : 1
    pen.strokeStyle = paint
    if (freshness !== 'fresh') pen.setLineDash([3, 3])
    pen.stroke(outline)
  })
  return { name: `${status}-${freshness}`, image }
}

/** A disc with the number; a trip that waits has a ring around it. */
function tripMark(priority: number, waits: boolean, colours: Colours): MapImage {
  const image = drawn(SIDE, pen => {
    const paint = colours(`--p${priority}`)
    const disc = new Path2D()
    disc.arc(SIDE / 2, SIDE / 2, 8.5, 0, 2 * Math.PI)
    pen.lineWidth = 4
    pen.strokeStyle = colours('--map-halo')
    pen.stroke(disc)
    pen.fillStyle = paint
    pen.fill(disc)
    if (waits) {
      pen.lineWidth = 2
      pen.strokeStyle = paint
      pen.beginPath()
      pen.arc(SIDE / 2, SIDE / 2, 12, 0, 2 * Math.PI)
      pen.stroke()
    }
    write(pen, String(priority), 12, colours(`--on-p${priority}`))
  })
  return { name: `trip-${priority}-${waits ? 'waits' : 'active'}`, image }
}

/** One that is on divert is struck through once, a closed one twice. */
function hospitalMark(hasEmergency: boolean, status: HospitalStatus, colours: Colours): MapImage {
  const image = drawn(SIDE, pen => {
    const box = new Path2D()
    box.roundRect(5, 5, 18, 18, 3)
    pen.lineWidth = 2
    pen.fillStyle = hasEmergency ? colours('--hospital') : colours('--map-halo')
    pen.strokeStyle = colours('--hospital')
    pen.fill(box)
    pen.stroke(box)
    write(pen, 'H', 13, hasEmergency ? colours('--map-halo') : colours('--hospital'))
    if (status === 'open') return
    const strokes = new Path2D(status === 'closed' ? 'M4 4l20 20M4 24l20-20' : 'M4 24l20-20')
    pen.lineWidth = 6
    pen.strokeStyle = colours('--map-halo')
    pen.stroke(strokes)
    pen.lineWidth = 3
    pen.strokeStyle = colours('--p1')
    pen.stroke(strokes)
  })
  return { name: `hospital${hasEmergency ? '-ed' : ''}-${status}`, image }
}

/** A shield: wider above than below, as no status is. */
function stationMark(colours: Colours): MapImage {
  const image = drawn(SIDE, pen => {
    const shield = new Path2D('M5 5h18v9c0 5-5 8-9 10-4-2-9-5-9-10z')
    pen.lineWidth = 2
    pen.fillStyle = colours('--map-halo')
    pen.strokeStyle = colours('--map-text')
    pen.fill(shield)
    pen.stroke(shield)
    write(pen, 'S', 12, colours('--map-text'))
  })
  return { name: 'station', image }
}

/** Ahead of the unit's mark, and turned as it drives. */
export function headingMark(colours: Colours): MapImage {
  const image = drawn(HEADING_SIDE, pen => {
    const arrow = new Path2D(`M${HEADING_SIDE / 2} 3l5 8h-10z`)
    pen.fillStyle = colours('--map-text')
    pen.strokeStyle = colours('--map-halo')
    pen.lineWidth = 2
    pen.stroke(arrow)
    pen.fill(arrow)
  })
  return { name: 'heading', image }
}

function placeMark(colours: Colours): MapImage {
  const side = 40
  const image = drawn(side, pen => {
    const cross = new Path2D(
      `M${side / 2} 2v12M${side / 2} ${side - 14}v12M2 ${side / 2}h12M${side - 14} ${side / 2}h12`,
    )
    cross.moveTo(side / 2 + 9, side / 2)
    cross.arc(side / 2, side / 2, 9, 0, 2 * Math.PI)
    pen.lineWidth = 5
    pen.strokeStyle = colours('--map-halo')
    pen.stroke(cross)
    pen.lineWidth = 2.5
    pen.strokeStyle = colours('--accent-strong')
    pen.stroke(cross)
  })
  return { name: 'place', image }
}

function write(pen: CanvasRenderingContext2D, text: string, px: number, colour: string): void {
  pen.font = `700 ${px}px system-ui, sans-serif`
  pen.textAlign = 'center'
  pen.textBaseline = 'middle'
  pen.fillStyle = colour
  pen.fillText(text, SIDE / 2, SIDE / 2 + 0.5)
}

function drawn(side: number, draw: (pen: CanvasRenderingContext2D) => void): ImageData {
  const canvas = document.createElement('canvas')
  canvas.width = side * RATIO
  canvas.height = side * RATIO
  const pen = canvas.getContext('2d', { willReadFrequently: true })!
  pen.scale(RATIO, RATIO)
  draw(pen)
  return pen.getImageData(0, 0, canvas.width, canvas.height)
}
