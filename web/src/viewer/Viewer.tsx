// The scan with its mask, drawn by NiiVue. This file knows NiiVue; the page around it knows muscles and numbers.
import { Niivue, NVImage, SLICE_TYPE } from '@niivue/niivue';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Failure, Waiting } from '../shared/states';
import { lookUp, type Muscle } from './labels';

export interface Volume { name: string; bytes: ArrayBuffer }

interface Props {
  image: Volume;
  mask: Volume | null;
  muscles: Muscle[];
  opacity: number;
  /** Place the image where the mask says it is. */
  adopt: boolean;
  planes: 'axial' | 'three';
  /** Slice of the file, from 0. */
  slice: number;
  onSlices: (count: number) => void;
  step: (by: number) => void;
}

/** Slices counted along the file's third axis, whichever way it runs through the body. */
function runsDown(image: NVImage): boolean {
  return (image.permRAS?.[2] ?? 3) < 0;
}

export function Viewer({ image, mask, muscles, opacity, adopt, planes, slice, onSlices, step }: Props) {
  const { t } = useTranslation();
  const canvas = useRef<HTMLCanvasElement>(null);
  const viewer = useRef<Niivue | null>(null);
  const [ready, setReady] = useState(0);
  const [failure, setFailure] = useState<unknown>(null);

  // One viewer for the life of the canvas; loading is serial, the latest wish wins.
  useEffect(() => {
    let wanted = true;
    const load = async () => {
      if (!viewer.current) {
        const made = new Niivue({
          backColor: [0, 0, 0, 1], crosshairWidth: 0, dragAndDropEnabled: false, isColorbar: false, isOrientCube: false,
          isRadiologicalConvention: true, isOrientationTextVisible: true, loadingText: '', logLevel: 'error', show3Dcrosshair: false,
        });
        await made.attachToCanvas(canvas.current!);
        viewer.current = made;
      }
      const nv = viewer.current;
      const picture = await NVImage.loadFromUrl({ url: image.bytes.slice(0), name: image.name, colormap: 'gray' });
      const overlay = mask && await NVImage.loadFromUrl({ url: mask.bytes.slice(0), name: mask.name, opacity });
      if (!wanted) return;
      if (adopt && overlay && picture.hdr && overlay.hdr) {
        picture.hdr.affine = overlay.hdr.affine.map((row) => [...row]);
        picture.hdr.pixDims = [...overlay.hdr.pixDims];
        picture.calculateRAS();
      }
      for (const old of [...nv.volumes]) nv.removeVolume(old);
      nv.addVolume(picture);
      if (overlay) {
        overlay.setColormapLabel(lookUp(muscles));
        nv.addVolume(overlay);
      }
      nv.setInterpolation(true);
      onSlices(picture.dims?.[3] ?? 1);
      setFailure(null);
      setReady((n) => n + 1);
    };
    load().catch((error: unknown) => { if (wanted) setFailure(error); });
    return () => { wanted = false; };
    // muscles change with their labels only
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [image, mask, adopt, JSON.stringify(muscles)]);

  useEffect(() => {
    const nv = viewer.current;
    if (!ready || !nv) return;
    if (nv.volumes.length > 1) nv.setOpacity(1, opacity);
  }, [ready, opacity]);

  useEffect(() => {
    const nv = viewer.current;
    const picture = nv?.volumes[0];
    if (!ready || !nv || !picture) return;
    nv.setSliceType(planes === 'axial' ? SLICE_TYPE.AXIAL : SLICE_TYPE.MULTIPLANAR);
    nv.setCrosshairWidth(planes === 'axial' ? 0 : 1);
    const count = picture.dims?.[3] ?? 1;
    const place = runsDown(picture) ? count - 1 - slice : slice;
    nv.scene.crosshairPos[2] = (place + 0.5) / count;
    nv.drawScene();
  }, [ready, slice, planes]);

  useEffect(() => () => { viewer.current?.cleanup(); viewer.current = null; }, []);

  const keys = (event: KeyboardEvent) => {
    const by = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 5, PageDown: -5 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    step(by);
  };

  return (
    <div>
      <div className="viewer" style={{ aspectRatio: planes === 'axial' ? '1 / 1' : '4 / 3', maxHeight: '75vh' }} data-ready={ready > 0}
        role="group" aria-label={t('imaging.keys')} tabIndex={0} onKeyDownCapture={keys}>
        <canvas ref={canvas} aria-label={t('imaging.canvas', { name: image.name, slice })} role="img" tabIndex={-1} />
      </div>
      {!ready && !failure && <Waiting what={t('imaging.loading')} />}
      {failure !== null && <Failure error={failure} />}
    </div>
  );
}
