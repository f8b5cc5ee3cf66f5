-- Appending segments of fixes, behind the same fence as the log's records.

CREATE OR REPLACE FUNCTION location.segment_end(p_region text) RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT coalesce(max(segment_no), 0) FROM location.segments WHERE region = p_region
$$;

CREATE OR REPLACE FUNCTION location.segment_checksum(p_region text, p_segment_no bigint, p_log_position bigint,
  p_first_fixed_at_ms bigint, p_last_fixed_at_ms bigint, p_fix_count integer, p_codec_version smallint,
  p_bytes bytea) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT log.checksum_of(convert_to(concat_ws('|', p_region, p_segment_no, p_log_position, p_first_fixed_at_ms,
    p_last_fixed_at_ms, p_fix_count, p_codec_version, ''), 'UTF8') || p_bytes)
$$;

CREATE OR REPLACE FUNCTION location.track_checksum(p_region text, p_unit_id text, p_track_no bigint,
  p_first_fixed_at_ms bigint, p_last_fixed_at_ms bigint, p_fix_count integer, p_codec_version smallint,
  p_bytes bytea) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT log.checksum_of(convert_to(concat_ws('|', p_region, p_unit_id, p_track_no, p_first_fixed_at_ms,
    p_last_fixed_at_ms, p_fix_count, p_codec_version, ''), 'UTF8') || p_bytes)
$$;

CREATE OR REPLACE FUNCTION location.append_segment(
  p_region text, p_epoch bigint, p_incarnation text,
  p_segment_no bigint, p_log_position bigint, p_first_fixed_at_ms bigint, p_last_fixed_at_ms bigint,
  p_fix_count integer, p_codec_version smallint, p_bytes bytea
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  v_end bigint;
BEGIN
  IF NOT log.hold(p_region, p_epoch, p_incarnation) THEN
    RETURN false;
  END IF;
  v_end := location.segment_end(p_region);
  IF p_segment_no <> v_end + 1 THEN
    RAISE EXCEPTION 'segment % does not follow the last one, %', p_segment_no, v_end
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  INSERT INTO location.segments (region, segment_no, log_position, first_fixed_at_ms, last_fixed_at_ms, fix_count,
      codec_version, bytes, checksum)
    VALUES (p_region, p_segment_no, p_log_position, p_first_fixed_at_ms, p_last_fixed_at_ms, p_fix_count,
      p_codec_version, p_bytes, location.segment_checksum(p_region, p_segment_no, p_log_position,
        p_first_fixed_at_ms, p_last_fixed_at_ms, p_fix_count, p_codec_version, p_bytes));
  RETURN true;
END $$;
