// The few signs the frame needs, drawn on a 24 × 24 grid with the text's own colour. Decoration only: a word stands beside each.
import type { ReactNode } from 'react';

function icon(shape: ReactNode) {
  return function Icon({ size = 20 }: { size?: number }) {
    return (
      <svg width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.8"
        strokeLinecap="round" strokeLinejoin="round" aria-hidden="true" focusable="false" style={{ flex: 'none' }}>
        {shape}
      </svg>
    );
  };
}

export const IconHome = icon(<path d="M4 11.5 12 4l8 7.5M6 10v10h12V10M10 20v-6h4v6" />);
export const IconImaging = icon(<><circle cx="12" cy="12" r="8.5" /><circle cx="12" cy="9" r="2.6" /><path d="M8.2 15.5c1-1.6 2.3-1.9 2.8-.4.4 1.4-.4 2.9-1.7 2.5M15.8 15.5c-1-1.6-2.3-1.9-2.8-.4-.4 1.4.4 2.9 1.7 2.5" /></>);
export const IconAnalysis = icon(<path d="M4 20h16M7 20v-6M12 20V8M17 20V4" />);
export const IconModel = icon(<path d="M4 20V4M4 20h16M4 20C6 9 11 6 20 5" />);
export const IconEvidence = icon(<><path d="M12 3v18M6 7h7M4 12h9M11 17h8" /><rect x="8" y="5.5" width="3" height="3" fill="currentColor" /><rect x="6.5" y="10.5" width="3" height="3" fill="currentColor" /><rect x="14" y="15.5" width="3" height="3" fill="currentColor" /></>);
export const IconStudy = icon(<path d="M6 3h9l4 4v14H6zM14.5 3v5H19M9 12h7M9 15.5h7M9 8.5h2" />);
export const IconOperations = icon(<path d="M5 5h6v6H5zM13 5h6v6h-6zM5 13h6v6H5zM16 13v6M13 16h6" />);
export const IconSun = icon(<><circle cx="12" cy="12" r="4" /><path d="M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M18.7 5.3l-1.4 1.4M6.7 17.3l-1.4 1.4" /></>);
export const IconMoon = icon(<path d="M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z" />);
export const IconOk = icon(<><circle cx="12" cy="12" r="9" /><path d="m8 12.3 2.7 2.7L16 9.5" /></>);
export const IconWarning = icon(<path d="M12 4 2.8 20h18.4zM12 10v4.5M12 17.3v.2" />);
export const IconError = icon(<><path d="M8.3 3h7.4L21 8.3v7.4L15.7 21H8.3L3 15.7V8.3z" /><path d="M12 7.5v5.5M12 16v.2" /></>);
export const IconInfo = icon(<><circle cx="12" cy="12" r="9" /><path d="M12 11v5.5M12 7.6v.2" /></>);
export const IconCopy = icon(<path d="M9 9h11v11H9zM15 9V4H4v11h5" />);
export const IconDownload = icon(<path d="M12 4v11M7.5 11 12 15.5 16.5 11M4 20h16" />);
export const IconPlay = icon(<path d="M7 4.5v15l12-7.5z" />);
export const IconSearch = icon(<><circle cx="10.5" cy="10.5" r="6.5" /><path d="m15.5 15.5 5 5" /></>);
export const IconNext = icon(<path d="m9 5 7 7-7 7" />);
export const IconPrint = icon(<path d="M7 9V4h10v5M7 17H4V9h16v8h-3M7 14h10v6H7z" />);
export const IconRemove = icon(<path d="M5 5l14 14M19 5 5 19" />);
export const IconPeople = icon(<><circle cx="9" cy="8" r="3.4" /><path d="M2.8 20c.4-4 2.8-6 6.2-6s5.8 2 6.2 6M15.5 4.9a3.4 3.4 0 0 1 0 6.3M17.6 14.6c2 .8 3.3 2.6 3.6 5.4" /></>);
export const IconSafety = icon(<><path d="M12 3l8 3v6c0 5-3.4 7.8-8 9-4.6-1.2-8-4-8-9V6z" /><path d="M12 8v5M12 16v.2" /></>);
export const IconQuality = icon(<><path d="M5 4h14v16H5z" /><path d="m8 9 1.5 1.5L12 8M8 15l1.5 1.5L12 14M14.5 9.5H17M14.5 15.5H17" /></>);
export const IconBoard = icon(<path d="M12 4v3M5 20h14M12 7l-7 2 3 6H3.5M5 9l-3 6h6M12 7l7 2-3 6h6l-3-6M12 7v13" />);
export const IconDot = icon(<circle cx="12" cy="12" r="2.2" fill="currentColor" stroke="none" />);
export const IconRing = icon(<circle cx="12" cy="12" r="7.5" />);
export const IconHalf = icon(<><circle cx="12" cy="12" r="7.5" /><path d="M12 4.5a7.5 7.5 0 0 1 0 15z" fill="currentColor" /></>);
export const IconTick = icon(<path d="m4.5 12.5 5 5L19.5 7" strokeWidth="2.4" />);
export const IconTicks = icon(<path d="m2 13 4.5 4.5L15 8M11.5 16l1.8 1.5L22 8" strokeWidth="2.1" />);
export const IconPen = icon(<path d="M4 20l1.2-4.5L16.5 4.2a1.9 1.9 0 0 1 2.7 0l.6.6a1.9 1.9 0 0 1 0 2.7L8.5 18.8z" />);
export const IconFrozen = icon(<path d="M12 3v18M4.2 7.5l15.6 9M19.8 7.5l-15.6 9M9.5 4.5 12 7l2.5-2.5M9.5 19.5 12 17l2.5 2.5" />);
export const IconLock = icon(<><rect x="5" y="11" width="14" height="9.5" rx="1.5" /><path d="M8 11V8a4 4 0 0 1 8 0v3M12 14.8v2" /></>);
export const IconMissed = icon(<><circle cx="12" cy="12" r="8.5" strokeDasharray="3 3" /><path d="m9 9 6 6M15 9l-6 6" /></>);
export const IconQuery = icon(<><path d="M4 5h16v11h-8l-5 4v-4H4z" /><path d="M9.8 8.7a2.2 2.2 0 1 1 3 2.1c-.6.3-.8.6-.8 1.2M12 13.9v.2" /></>);
export const IconClock = icon(<><circle cx="12" cy="12" r="8.5" /><path d="M12 7v5.2l3.5 2" /></>);
export const IconUser = icon(<><circle cx="12" cy="8" r="4" /><path d="M4 20.5c.6-4.5 3.6-6.5 8-6.5s7.4 2 8 6.5" /></>);
export const IconPhone = icon(<path d="M6 3.5h3l1.8 4.5-2.2 1.7a12 12 0 0 0 5.7 5.7l1.7-2.2 4.5 1.8v3c0 1.3-1 2.3-2.3 2.2C10.5 19.7 4.3 13.5 3.8 5.8 3.7 4.5 4.7 3.5 6 3.5z" />);
export const IconLeave = icon(<path d="M14 4H5v16h9M10 12h11M17.5 8.5 21 12l-3.5 3.5" />);
export const IconAdd = icon(<path d="M12 5v14M5 12h14" />);
export const IconHidden = icon(<><path d="M3 12c2.5-4.5 5.5-6.5 9-6.5s6.5 2 9 6.5c-2.5 4.5-5.5 6.5-9 6.5S5.5 16.5 3 12z" /><path d="m4 4 16 16" /></>);
export const IconDice = icon(<><rect x="4" y="4" width="16" height="16" rx="3" /><circle cx="8.5" cy="8.5" r="1.2" fill="currentColor" /><circle cx="15.5" cy="8.5" r="1.2" fill="currentColor" /><circle cx="12" cy="12" r="1.2" fill="currentColor" /><circle cx="8.5" cy="15.5" r="1.2" fill="currentColor" /><circle cx="15.5" cy="15.5" r="1.2" fill="currentColor" /></>);
