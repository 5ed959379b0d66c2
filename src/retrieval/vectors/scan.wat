;; Approximate scores of every stored vector against one query, with proven bounds. The plain version of the same
;; computation is `scanReference` in scan-reference.ts; record layout: record.ts.
;;
;; Compiled by `npm run generate:scan` into scan-module.ts.
(module
  (import "js" "memory" (memory 1))

  ;; scan: for record i in 0..count
  ;;   estimate = scale[i] * queryScale * sum(code[i][d] * query[d])
  ;;   margin   = error[i] * queryNorm + (1 + error[i]) * queryError
  ;;   lower[i] = estimate - margin, upper[i] = estimate + margin; both -infinity where allowed[i] is 0
  (func (export "scan")
    (param $record i32) (param $count i32) (param $stride i32)  ;; first record, their number, bytes from one to the next
    (param $query i32) (param $padded i32)                      ;; i16[padded]; padded: dimensions up to a multiple of 16
    (param $queryScale f32) (param $queryNorm f32) (param $queryError f32)
    (param $allowed i32) (param $lower i32) (param $upper i32)  ;; u8[count], f32[count], f32[count]
    (local $end i32) (local $code i32) (local $q i32) (local $codeEnd i32)
    (local $bytes v128) (local $low v128) (local $high v128)
    (local $estimate f32) (local $margin f32) (local $error f32)

    (local.set $end (i32.add (local.get $allowed) (local.get $count)))
    (block $done
      (loop $records
        (br_if $done (i32.ge_u (local.get $allowed) (local.get $end)))
        (if (i32.load8_u (local.get $allowed))
          (then
            (local.set $low (v128.const i32x4 0 0 0 0))
            (local.set $high (v128.const i32x4 0 0 0 0))
            (local.set $code (i32.add (local.get $record) (i32.const 48)))
            (local.set $codeEnd (i32.add (local.get $code) (local.get $padded)))
            (local.set $q (local.get $query))
            (loop $components
              (local.set $bytes (v128.load (local.get $code)))
              (local.set $low (i32x4.add (local.get $low)
                (i32x4.dot_i16x8_s (i16x8.extend_low_i8x16_s (local.get $bytes)) (v128.load (local.get $q)))))
              (local.set $high (i32x4.add (local.get $high)
                (i32x4.dot_i16x8_s (i16x8.extend_high_i8x16_s (local.get $bytes)) (v128.load offset=16 (local.get $q)))))
              (local.set $q (i32.add (local.get $q) (i32.const 32)))
              (local.set $code (i32.add (local.get $code) (i32.const 16)))
              (br_if $components (i32.lt_u (local.get $code) (local.get $codeEnd))))
            ;; Lanes become floats before they are summed: their integer sum could leave 32 bits at 1,024 dimensions.
            (local.set $low (f32x4.add (f32x4.convert_i32x4_s (local.get $low)) (f32x4.convert_i32x4_s (local.get $high))))
            (local.set $estimate (f32.mul
              (f32.mul (f32.load offset=32 (local.get $record)) (local.get $queryScale))
              (f32.add
                (f32.add (f32x4.extract_lane 0 (local.get $low)) (f32x4.extract_lane 1 (local.get $low)))
                (f32.add (f32x4.extract_lane 2 (local.get $low)) (f32x4.extract_lane 3 (local.get $low))))))
            (local.set $error (f32.load offset=36 (local.get $record)))
            (local.set $margin (f32.add
              (f32.mul (local.get $error) (local.get $queryNorm))
              (f32.mul (f32.add (f32.const 1) (local.get $error)) (local.get $queryError))))
            (f32.store (local.get $lower) (f32.sub (local.get $estimate) (local.get $margin)))
            (f32.store (local.get $upper) (f32.add (local.get $estimate) (local.get $margin))))
          (else
            (f32.store (local.get $lower) (f32.const -inf))
            (f32.store (local.get $upper) (f32.const -inf))))
        (local.set $allowed (i32.add (local.get $allowed) (i32.const 1)))
        (local.set $lower (i32.add (local.get $lower) (i32.const 4)))
        (local.set $upper (i32.add (local.get $upper) (i32.const 4)))
        (local.set $record (i32.add (local.get $record) (local.get $stride)))
        (br $records)))))
