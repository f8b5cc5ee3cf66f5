/**
 * The units of the map, drawn and moved by a small program of the graphics card.
 *
 * The processor tells it of each unit where its newest fix has it, how fast it goes and where to; where it is in this frame follows
 * there. So ten thousand units move as smoothly as ten, and cost something only when their fixes change.
 */
import type { CustomLayerInterface, CustomRenderMethodInput } from 'maplibre-gl'
import { RECKON_MS } from '../../client/index.ts'
import { type Colours, HEADING_SIDE, headingMark, RATIO, UNIT_SIDE, unitMarks } from './map-images.ts'

/** What is drawn of a unit; the later ones of a list lie above. */
export interface UnitMark {
  readonly lonDeg: number
  readonly latDeg: number
  readonly fixedAtMs: number
  /** 0 of one that stands, or of which nobody knows. */
  readonly speedMps: number
  readonly headingDeg: number | null
  /** As `unitMarks` names it. */
  readonly image: string
}

const COLUMNS = 8
/** Of a mark in the texture; the arrow has a place of its own below them. */
const CELL = 64
const FLOATS = 7
/** From the middle of a mark to that of its arrow. */
const AHEAD_PX = 16.5
const EARTH_M = 40_075_016.686
/** Whole numbers of milliseconds that a float of the card tells apart; what is older stands still anyway. */
const AGE_MAX_MS = 1_000_000

const VERTEX = `#version 300 es
uniform mat4 u_matrix;
uniform float u_now;
uniform float u_size;
uniform vec2 u_ahead;
uniform float u_arrows;
in vec2 a_at;
in vec2 a_drift;
in float a_since;
in float a_image;
in float a_heading;
flat out float v_image;
flat out vec2 v_turn;
void main() {
  vec2 at = a_at + a_drift * clamp(u_now - a_since, 0.0, ${RECKON_MS}.0);
  gl_Position = u_matrix * vec4(at, 0.0, 1.0);
  if (u_arrows > 0.5) {
    gl_Position.xy += vec2(sin(a_heading), cos(a_heading)) * u_ahead * gl_Position.w;
    if (a_heading < 0.0) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
  }
  gl_PointSize = u_size;
  v_image = a_image;
  v_turn = vec2(cos(a_heading), sin(a_heading));
}`

const FRAGMENT = `#version 300 es
precision highp float;
uniform sampler2D u_marks;
uniform float u_arrows;
uniform vec2 u_cell;
uniform vec3 u_used;
flat in float v_image;
flat in vec2 v_turn;
out vec4 o_colour;
void main() {
  vec2 at = gl_PointCoord;
  vec2 from;
  vec2 part;
  if (u_arrows > 0.5) {
    vec2 off = at - 0.5;
    at = vec2(off.x * v_turn.x + off.y * v_turn.y, off.y * v_turn.x - off.x * v_turn.y) + 0.5;
    if (any(lessThan(at, vec2(0.0))) || any(greaterThan(at, vec2(1.0)))) discard;
    from = vec2(0.0, u_used.z);
    part = vec2(u_used.y, u_used.y * u_cell.y / u_cell.x);
  } else {
    from = vec2(mod(v_image, ${COLUMNS}.0), floor(v_image / ${COLUMNS}.0)) * u_cell;
    part = u_cell * u_used.x;
  }
  o_colour = texture(u_marks, from + at * part);
}`

export class UnitLayer implements CustomLayerInterface {
  readonly id = 'units'
  readonly type = 'custom'
  readonly renderingMode = '2d'
  /** Of marks and arrows. */
  scale = 1
  readonly #nowMs: () => number
  readonly #colours: Colours
  readonly #images = new Map<string, number>()
  #drawn: Drawn | null = null
  #marks = new Float32Array(0)
  #count = 0
  #baseMs = 0
  #reference: readonly [number, number] = [0, 0]

  /** Input: region time, and the colours of the page. */
  constructor(nowMs: () => number, colours: Colours) {
    this.#nowMs = nowMs
    this.#colours = colours
  }

  onAdd(_map: unknown, gl: WebGL2RenderingContext): void {
    const atlas = atlasOf(this.#colours, this.#images)
    this.#drawn = new Drawn(gl, atlas)
    this.#send()
  }

  onRemove(_map: unknown, gl: WebGL2RenderingContext): void {
    this.#drawn?.remove(gl)
    this.#drawn = null
  }

  /** Replaces all units. */
  show(units: readonly UnitMark[]): void {
    this.#baseMs = this.#nowMs()
    // Beside a place among them floats are exact to millimetres.
    const [first] = units
    this.#reference = first === undefined ? [0, 0] : mercator(first)
    if (this.#marks.length < units.length * FLOATS) this.#marks = new Float32Array(units.length * FLOATS * 2)
    this.#count = units.length
    for (const [index, unit] of units.entries()) this.#write(index * FLOATS, unit)
    this.#send()
  }

  render(gl: WebGL2RenderingContext, { defaultProjectionData }: CustomRenderMethodInput): void {
    if (this.#drawn === null || this.#count === 0) return
    const matrix = shifted(defaultProjectionData.mainMatrix, this.#reference)
    this.#drawn.draw(gl, matrix, { nowMs: this.#nowMs() - this.#baseMs, count: this.#count, scale: this.scale })
  }

  #write(at: number, { lonDeg, latDeg, fixedAtMs, speedMps, headingDeg, image }: UnitMark): void {
    const [x, y] = mercator({ lonDeg, latDeg })
    const heading = headingDeg === null ? -1 : (headingDeg * Math.PI) / 180
    const perMs = headingDeg === null ? 0 : speedMps / 1_000 / (EARTH_M * Math.cos((latDeg * Math.PI) / 180))
    const marks = this.#marks
    marks[at] = x - this.#reference[0]
    marks[at + 1] = y - this.#reference[1]
    marks[at + 2] = Math.sin(heading) * perMs
    marks[at + 3] = -Math.cos(heading) * perMs
    marks[at + 4] = Math.max(-AGE_MAX_MS, fixedAtMs - this.#baseMs)
    marks[at + 5] = this.#images.get(image) ?? 0
    marks[at + 6] = heading
  }

  #send(): void {
    this.#drawn?.take(this.#marks.subarray(0, this.#count * FLOATS))
  }
}

interface DrawnNow {
  readonly nowMs: number
  readonly count: number
  readonly scale: number
}

/** What the card holds, and how it draws it. */
class Drawn {
  readonly #gl: WebGL2RenderingContext
  readonly #program: WebGLProgram
  readonly #texture: WebGLTexture
  readonly #buffer: WebGLBuffer
  readonly #reading: WebGLVertexArrayObject
  readonly #size: readonly [number, number]

  constructor(gl: WebGL2RenderingContext, atlas: HTMLCanvasElement) {
    this.#gl = gl
    this.#size = [atlas.width, atlas.height]
    this.#program = programOf(gl)
    this.#buffer = gl.createBuffer()
    this.#reading = gl.createVertexArray()
    gl.bindVertexArray(this.#reading)
    gl.bindBuffer(gl.ARRAY_BUFFER, this.#buffer)
    let at = 0
    for (const [name, size] of [
      ['a_at', 2],
      ['a_drift', 2],
      ['a_since', 1],
      ['a_image', 1],
      ['a_heading', 1],
    ] as const) {
      const place = gl.getAttribLocation(this.#program, name)
      gl.enableVertexAttribArray(place)
      gl.vertexAttribPointer(place, size, gl.FLOAT, false, FLOATS * 4, at * 4)
      at += size
    }
    gl.bindVertexArray(null)
    this.#texture = textureOf(gl, atlas)
  }

  take(marks: Float32Array): void {
    const gl = this.#gl
    gl.bindBuffer(gl.ARRAY_BUFFER, this.#buffer)
    gl.bufferData(gl.ARRAY_BUFFER, marks, gl.DYNAMIC_DRAW)
  }

  draw(gl: WebGL2RenderingContext, matrix: Float32Array, { nowMs, count, scale }: DrawnNow): void {
    const uniform = (name: string) => gl.getUniformLocation(this.#program, name)
    const [width, height] = this.#size
    const ratio = gl.drawingBufferWidth / (gl.canvas as HTMLCanvasElement).clientWidth
    gl.useProgram(this.#program)
    gl.bindVertexArray(this.#reading)
    gl.activeTexture(gl.TEXTURE0)
    gl.bindTexture(gl.TEXTURE_2D, this.#texture)
    gl.uniform1i(uniform('u_marks'), 0)
    gl.uniformMatrix4fv(uniform('u_matrix'), false, matrix)
    gl.uniform1f(uniform('u_now'), nowMs)
    gl.uniform2f(uniform('u_cell'), CELL / width, CELL / height)
    const arrow = HEADING_SIDE * RATIO
    gl.uniform3f(uniform('u_used'), (UNIT_SIDE * RATIO) / CELL, arrow / width, (height - arrow) / height)
    const ahead = AHEAD_PX * 2 * scale * ratio
    gl.uniform2f(uniform('u_ahead'), ahead / gl.drawingBufferWidth, ahead / gl.drawingBufferHeight)
    for (const isArrows of [true, false]) {
      gl.uniform1f(uniform('u_arrows'), isArrows ? 1 : 0)
      gl.uniform1f(uniform('u_size'), (isArrows ? HEADING_SIDE : UNIT_SIDE) * scale * ratio)
      gl.drawArrays(gl.POINTS, 0, count)
    }
    gl.bindVertexArray(null)
  }

  remove(gl: WebGL2RenderingContext): void {
    gl.deleteProgram(this.#program)
    gl.deleteTexture(this.#texture)
    gl.deleteBuffer(this.#buffer)
    gl.deleteVertexArray(this.#reading)
  }
}

/** All marks in one picture, and the number of each; the arrow stands at its bottom. */
function atlasOf(colours: Colours, images: Map<string, number>): HTMLCanvasElement {
  const marks = unitMarks(colours)
  const rows = Math.ceil(marks.length / COLUMNS)
  const canvas = document.createElement('canvas')
  canvas.width = COLUMNS * CELL
  canvas.height = rows * CELL + HEADING_SIDE * RATIO
  const pen = canvas.getContext('2d')!
  for (const [index, { name, image }] of marks.entries()) {
    images.set(name, index)
    pen.putImageData(image, (index % COLUMNS) * CELL, Math.floor(index / COLUMNS) * CELL)
  }
  pen.putImageData(headingMark(colours).image, 0, rows * CELL)
  return canvas
}

/** Errors: throws with what the card says of the program. */
function programOf(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram()
  for (const [type, source] of [
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ] as const) {
    const shader = gl.createShader(type)!
    gl.shaderSource(shader, source)
    gl.compileShader(shader)
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader) ?? 'no shader')
    gl.attachShader(program, shader)
    gl.deleteShader(shader)
  }
  gl.linkProgram(program)
  return program
}

function textureOf(gl: WebGL2RenderingContext, atlas: HTMLCanvasElement): WebGLTexture {
  const texture = gl.createTexture()
  gl.bindTexture(gl.TEXTURE_2D, texture)
  gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, true)
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, atlas)
  gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false)
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR)
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE)
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE)
  return texture
}

/** Web Mercator from 0 to 1, north above. */
function mercator({ lonDeg, latDeg }: { readonly lonDeg: number; readonly latDeg: number }): [number, number] {
  const lat = (latDeg * Math.PI) / 180
  return [(lonDeg + 180) / 360, (1 - Math.asinh(Math.tan(lat)) / Math.PI) / 2]
}

/** The matrix for what is told beside a place. */
function shifted(matrix: ArrayLike<number>, [x, y]: readonly [number, number]): Float32Array {
  const own = Float32Array.from({ length: 16 }, (_, index) => matrix[index]!)
  for (let row = 0; row < 4; row += 1) own[12 + row] = matrix[row]! * x + matrix[4 + row]! * y + matrix[12 + row]!
  return own
}
