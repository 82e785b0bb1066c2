import ca.uhn.hl7v2.AcknowledgmentCode;
import ca.uhn.hl7v2.DefaultHapiContext;
import ca.uhn.hl7v2.HL7Exception;
import ca.uhn.hl7v2.HapiContext;
import ca.uhn.hl7v2.model.Group;
import ca.uhn.hl7v2.model.Message;
import ca.uhn.hl7v2.model.Segment;
import ca.uhn.hl7v2.model.Structure;
import ca.uhn.hl7v2.model.v251.segment.MSH;
import ca.uhn.hl7v2.model.v251.segment.PID;
import ca.uhn.hl7v2.parser.PipeParser;
import ca.uhn.hl7v2.parser.UnexpectedSegmentBehaviourEnum;
import ca.uhn.hl7v2.util.Terser;
import ca.uhn.hl7v2.util.idgenerator.InMemoryIDGenerator;
import ca.uhn.hl7v2.validation.impl.ValidationContextFactory;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;

/**
 * Reads messages of version 2.5.1 with HAPI's HL7 v2 parser, its validation on: {@code Read MESSAGES READINGS}.
 *
 * <p>MESSAGES is a JSON array of texts; READINGS gets, for each, what it found in the fields that are compared, or
 * {@code {"refused"}} with the class of the exception and never its text, which has values. A segment that is not in
 * the message's structure, or not in its place, is refused.
 */
public final class Read {
  private static final ObjectMapper JSON = new ObjectMapper();

  private Read() {}

  public static void main(String[] arguments) throws Exception {
    ArrayNode readings = JSON.createArrayNode();
    try (HapiContext context = new DefaultHapiContext()) {
      context.setValidationContext(ValidationContextFactory.defaultValidation());
      context
          .getParserConfiguration()
          .setUnexpectedSegmentBehaviour(UnexpectedSegmentBehaviourEnum.THROW_HL7_EXCEPTION);
      // The ids of its ACKs: by itself it keeps a file of them in the working folder.
      context.getParserConfiguration().setIdGenerator(new InMemoryIDGenerator());
      PipeParser parser = context.getPipeParser();
      for (JsonNode text : JSON.readTree(Path.of(arguments[0]).toFile())) {
        readings.add(reading(parser, text.asText()));
      }
    }
    JSON.writeValue(Path.of(arguments[1]).toFile(), readings);
  }

  private static ObjectNode reading(PipeParser parser, String text) throws Exception {
    ObjectNode reading = JSON.createObjectNode();
    Message message;
    PID person;
    try {
      message = parser.parse(text);
      // wherever the structure has it: at the top, or in a group of the patient
      person = (PID) new Terser(message).getFinder().findSegment("PID", 0);
    } catch (HL7Exception refused) {
      return reading.put("refused", refused.getClass().getSimpleName());
    }
    ArrayNode segments = reading.putArray("segments");
    for (String line : parser.encode(message).split("\r")) {
      segments.add(line.substring(0, 3));
    }
    reading.put("control", ((MSH) message.get("MSH")).getMessageControlID().getValue());
    ArrayNode families = reading.putArray("families");
    ArrayNode givens = reading.putArray("givens");
    for (int one = 0; one < person.getPatientNameReps(); one++) {
      families.add(held(person.getPatientName(one).getFamilyName().getSurname().getValue()));
      givens.add(held(person.getPatientName(one).getGivenName().getValue()));
    }
    ArrayNode identifiers = reading.putArray("identifiers");
    for (int one = 0; one < person.getPatientIdentifierListReps(); one++) {
      identifiers.add(held(person.getPatientIdentifierList(one).getIDNumber().getValue()));
    }
    ArrayNode cities = reading.putArray("cities");
    ArrayNode postcodes = reading.putArray("postcodes");
    for (int one = 0; one < person.getPatientAddressReps(); one++) {
      cities.add(held(person.getPatientAddress(one).getCity().getValue()));
      postcodes.add(held(person.getPatientAddress(one).getZipOrPostalCode().getValue()));
    }
    diagnoses(message, reading.putArray("diagnoses"));
    reading.put("sex", held(person.getAdministrativeSex().getValue()));
    reading.put("birth", held(person.getDateTimeOfBirth().getTime().getValue()));
    reading.put("referral", number(message, text));
    reading.put("same", parser.encode(message).equals(text));
    reading.put("ack", parser.encode(message.generateACK(AcknowledgmentCode.AA, null)));
    return reading;
  }

  /** The referral's number, where the message has it; a registration has none. */
  private static String number(Message message, String text) throws HL7Exception {
    for (String place : new String[] {"RF1-6", "ORC-2", "TXA-14"}) {
      if (text.contains("\r" + place.substring(0, 3) + "|")) {
        return held(new Terser(message).get("/." + place));
      }
    }
    return "";
  }

  /** The code of each DG1, in whichever group of the structure it is. */
  private static void diagnoses(Group group, ArrayNode found) throws HL7Exception {
    for (String name : group.getNames()) {
      for (Structure one : group.getAll(name)) {
        if (one instanceof Group within) {
          diagnoses(within, found);
        } else if (one instanceof Segment segment && segment.getName().equals("DG1")) {
          found.add(held(Terser.get(segment, 3, 0, 1, 1)));
        }
      }
    }
  }

  private static String held(String value) {
    return value == null ? "" : value;
  }
}
