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
