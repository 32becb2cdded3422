// A scan that can be drawn on: NiiVue's picture and drawing layer behind a few verbs. Knows no muscles, only values.
import { cmapper, Niivue, NVImage, PEN_TYPE, SLICE_TYPE } from '@niivue/niivue';
import { forwardRef, type KeyboardEvent, useEffect, useImperativeHandle, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Failure, Waiting } from '../shared/states';
import type { Volume } from './Viewer';

export interface Colour { value: number; colour: [number, number, number]; name: string }

export interface Pen { value: number; size: number; filled: boolean }

/** What a page may ask of the canvas. Drawings travel as NIfTI in the geometry of the image. */
export interface DrawingHandle {
  get(): Promise<ArrayBuffer | null>;
  set(bytes: ArrayBuffer | null): Promise<void>;
  undo(): void;
  /** Voxels of every value drawn so far. */
  counts(): Map<number, number>;
}

interface Props {
  image: Volume;
  colours: Colour[];
  /** null: look only. */
  pen: Pen | null;
  opacity: number;
  contrast: number;
  slice: number;
  onReady: (slices: number) => void;
  onSlice: (slice: number) => void;
  onDrawn: () => void;
  label: string;
}

function drawingLut(colours: Colour[]) {
  const most = Math.max(1, ...colours.map((c) => c.value));
  const R = new Array<number>(most + 1).fill(0), G = [...R], B = [...R], A = [...R], labels = new Array<string>(most + 1).fill('');
  for (const c of colours) {
    [R[c.value], G[c.value], B[c.value]] = c.colour;
    A[c.value] = 255;
    labels[c.value] = c.name;
  }
  return cmapper.makeDrawLut({ R, G, B, A, I: R.map((_, i) => i), labels } as Parameters<typeof cmapper.makeDrawLut>[0]);
}

const runsDown = (image: NVImage) => (image.permRAS?.[2] ?? 3) < 0;

export const DrawingCanvas = forwardRef<DrawingHandle, Props>(function DrawingCanvas(
  { image, colours, pen, opacity, contrast, slice, onReady, onSlice, onDrawn, label }, ref,
) {
  const { t } = useTranslation();
  const canvas = useRef<HTMLCanvasElement>(null);
  const viewer = useRef<Niivue | null>(null);
  const range = useRef<[number, number]>([0, 1]);
  const calls = useRef({ onReady, onSlice, onDrawn });
  calls.current = { onReady, onSlice, onDrawn };
  const [ready, setReady] = useState(0);
  const [failure, setFailure] = useState<unknown>(null);

  useEffect(() => {
    let wanted = true;
    const load = async () => {
      if (!viewer.current) {
        const made = new Niivue({
          backColor: [0, 0, 0, 1], crosshairWidth: 0, dragAndDropEnabled: false, isColorbar: false, isOrientCube: false, isRadiologicalConvention: true,
          isOrientationTextVisible: true, loadingText: '', logLevel: 'error', show3Dcrosshair: false, drawFillOverwrites: true, penType: PEN_TYPE.PEN,
        } as ConstructorParameters<typeof Niivue>[0]);
        await made.attachToCanvas(canvas.current!);
        made.onDrawingChanged = (action) => { if (action !== 'load') calls.current.onDrawn(); };
        made.onMouseUp = () => calls.current.onDrawn();
        viewer.current = made;
      }
      const nv = viewer.current;
      const picture = await NVImage.loadFromUrl({ url: image.bytes.slice(0), name: image.name, colormap: 'gray' });
      if (!wanted) return;
      for (const old of [...nv.volumes]) nv.removeVolume(old);
      nv.addVolume(picture);
      nv.setInterpolation(true);
      nv.setSliceType(SLICE_TYPE.AXIAL);
      range.current = [picture.cal_min ?? 0, picture.cal_max ?? 1];
      nv.createEmptyDrawing();
      setFailure(null);
      setReady((n) => n + 1);
      calls.current.onReady(picture.dims?.[3] ?? 1);
    };
    load().catch((error: unknown) => { if (wanted) setFailure(error); });
    return () => { wanted = false; };
  }, [image]);

  useEffect(() => () => { viewer.current?.cleanup(); viewer.current = null; }, []);

  useEffect(() => {
    const nv = viewer.current;
    if (!ready || !nv) return;
    nv.drawLut = drawingLut(colours);
    nv.refreshDrawing(true);
  }, [ready, colours]);

  useEffect(() => {
    const nv = viewer.current;
    if (!ready || !nv) return;
    nv.setDrawingEnabled(pen !== null);
    if (!pen) return;
    nv.opts.penSize = pen.size;
    nv.setPenValue(pen.value, pen.filled);
  }, [ready, pen]);

  useEffect(() => {
    const nv = viewer.current;
    if (!ready || !nv) return;
    nv.setDrawOpacity(opacity);
    nv.drawScene();
  }, [ready, opacity]);

  useEffect(() => {
    const nv = viewer.current, picture = nv?.volumes[0];
    if (!ready || !nv || !picture) return;
    const [low, high] = range.current;
    picture.cal_max = low + (high - low) / contrast;
    nv.updateGLVolume();
  }, [ready, contrast]);

  useEffect(() => {
    const nv = viewer.current, picture = nv?.volumes[0];
    if (!ready || !nv || !picture) return;
    const count = picture.dims?.[3] ?? 1;
    nv.scene.crosshairPos[2] = ((runsDown(picture) ? count - 1 - slice : slice) + 0.5) / count;
    nv.drawScene();
  }, [ready, slice]);

  useImperativeHandle(ref, () => ({
    async get() {
      const nv = viewer.current;
      if (!nv?.drawBitmap) return null;
      const bytes = await nv.saveImage({ filename: '', isSaveDrawing: true, volumeByIndex: 0 });
      return typeof bytes === 'boolean' ? null : (bytes.slice().buffer as ArrayBuffer);
    },
    async set(bytes) {
      const nv = viewer.current;
      if (!nv) return;
      if (bytes === null) nv.createEmptyDrawing();
      else if (!nv.loadDrawing(await NVImage.loadFromUrl({ url: bytes.slice(0), name: 'drawing.nii' }))) throw new Error(t('reading.otherGrid'));
      nv.refreshDrawing(true);
    },
    undo() { viewer.current?.drawUndo(); },
    counts() {
      const found = new Map<number, number>();
      for (const v of viewer.current?.drawBitmap ?? []) if (v) found.set(v, (found.get(v) ?? 0) + 1);
      return found;
    },
  }), [t]);

  const step = (by: number) => {
    const count = viewer.current?.volumes[0]?.dims?.[3] ?? 1;
    calls.current.onSlice(Math.max(0, Math.min(count - 1, slice + by)));
  };
  const keys = (event: KeyboardEvent) => {
    const by = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 5, PageDown: -5 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    step(by);
  };

  return (
    <div>
      <div className="viewer" style={{ aspectRatio: '1 / 1', maxHeight: '78vh', touchAction: 'none' }} data-ready={ready > 0} role="group"
        aria-label={t('reading.keys')} tabIndex={0} onKeyDownCapture={keys}
        onWheelCapture={(e) => { e.stopPropagation(); step(e.deltaY < 0 ? 1 : -1); }}>
        <canvas ref={canvas} role="img" aria-label={label} tabIndex={-1} />
      </div>
      {!ready && failure === null && <Waiting what={t('imaging.loading')} />}
      {failure !== null && <Failure error={failure} />}
    </div>
  );
});
