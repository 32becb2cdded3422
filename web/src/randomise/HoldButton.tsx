// A button that acts only when it is held: by finger, mouse, Space or Enter. Who cannot hold types the code instead.
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react';

const HOLD_MS = 1500;

export function HoldButton({ disabled, onHeld, children }: { disabled: boolean; onHeld: () => void; children: ReactNode }) {
  const [held, setHeld] = useState(0);
  const begun = useRef<number | null>(null);
  const frame = useRef(0);
  const stop = () => { begun.current = null; cancelAnimationFrame(frame.current); setHeld(0); };
  useEffect(() => () => cancelAnimationFrame(frame.current), []);
  const start = () => {
    if (disabled || begun.current !== null) return;
    begun.current = performance.now();
    const step = () => {
      if (begun.current === null) return;
      const share = Math.min(1, (performance.now() - begun.current) / HOLD_MS);
      setHeld(share);
      if (share >= 1) { stop(); onHeld(); } else frame.current = requestAnimationFrame(step);
    };
    frame.current = requestAnimationFrame(step);
  };
  const key = (down: boolean) => (event: KeyboardEvent) => {
    if (event.key !== ' ' && event.key !== 'Enter') return;
    event.preventDefault();
    if (down) start(); else stop();
  };
  return (
    <button type="button" className="hold" disabled={disabled} onPointerDown={(e) => { if (e.button === 0) start(); }} onPointerUp={stop} onPointerLeave={stop} onPointerCancel={stop} onContextMenu={(e) => e.preventDefault()}
      onKeyDown={key(true)} onKeyUp={key(false)} onBlur={stop}>
      <span className="hold-fill" style={{ width: `${held * 100}%` }} aria-hidden="true" />
      <span className="hold-text">{children}</span>
    </button>
  );
}
